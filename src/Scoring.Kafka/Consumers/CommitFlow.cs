using Akka.Streams;
using Akka.Streams.Stage;

namespace Scoring.Kafka.Consumers;

/// <summary>Commits the batches of its elements, and hands each element on once that is acknowledged.</summary>
/// <typeparam name="T">What the stream is made of.</typeparam>
internal sealed class CommitFlow<T> : GraphStage<FlowShape<T, T>>
{
    private readonly NodeConsumer consumer;
    private readonly Func<T, PartitionBatch> batchOf;
    private readonly int maxWaiting;
    private readonly Inlet<T> done = new("done");
    private readonly Outlet<T> committed = new("committed");

    internal CommitFlow(NodeConsumer consumer, Func<T, PartitionBatch> batchOf, int maxWaiting)
    {
        this.consumer = consumer;
        this.batchOf = batchOf;
        this.maxWaiting = maxWaiting;
        Shape = new FlowShape<T, T>(done, committed);
    }

    public override FlowShape<T, T> Shape { get; }

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this);

    private sealed class Logic : InAndOutGraphStageLogic
    {
        private readonly CommitFlow<T> stage;
        private readonly Queue<(T Element, long Next)> waiting = new();
        private PartitionAssignment? assignment;

        internal Logic(CommitFlow<T> stage)
            : base(stage.Shape)
        {
            this.stage = stage;
            SetHandlers(stage.done, stage.committed, this);
        }

        public override void PreStart() => Pull(stage.done);

        public override void OnPush()
        {
            var element = Grab(stage.done);
            var batch = stage.batchOf(element);
            if (assignment is null)
                Follow(batch.Assignment);
            else if (assignment != batch.Assignment)
                throw new InvalidOperationException($"a batch of {batch.Partition} (epoch {batch.Epoch}) came to the commits of {assignment.Partition} (epoch {assignment.Epoch}); each assignment has a stream of its own");
            waiting.Enqueue((element, batch.Next));
            batch.Assignment.Prefix.Complete(batch);
            stage.consumer.Commits.Ask(batch.Assignment);
            Look();
        }

        public override void OnPull() => TryPush();

        public override void OnUpstreamFinish()
        {
            if (waiting.Count == 0)
                CompleteStage();
        }

        public override void PostStop() => assignment?.Committers.Detach();

        private void Follow(PartitionAssignment its)
        {
            assignment = its;
            its.Committers.Attach(GetAsyncCallback(Look));
        }

        private void Look()
        {
            assignment!.Committers.Handled();
            if (assignment.Failure is { } reason)
                FailStage(reason);
            else if (assignment.Wished == AssignmentPhase.Ended && waiting.Count > 0)
                FailStage(new AssignmentEndedException($"{assignment.Partition} was taken away while {waiting.Count} batches from {assignment.Settled} on were not committed"));
            else
                TryPush();
        }

        private void TryPush()
        {
            if (IsAvailable(stage.committed) && waiting.TryPeek(out var first) && first.Next <= assignment!.Settled)
                Push(stage.committed, waiting.Dequeue().Element);
            if (IsClosed(stage.done) && waiting.Count == 0)
                CompleteStage();
            else if (!IsClosed(stage.done) && !HasBeenPulled(stage.done) && waiting.Count < stage.maxWaiting)
                Pull(stage.done);
        }
    }
}
