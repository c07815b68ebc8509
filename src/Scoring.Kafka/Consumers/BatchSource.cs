using Akka.Streams;
using Akka.Streams.Stage;

namespace Scoring.Kafka.Consumers;

/// <summary>
/// The source of one partition's batches. It takes what waits when it is asked, and wakes when something comes that it was asked
/// for in vain. Assigned when it starts, taken away when it ends, unless it was stopped: then its control does that, once
/// what it has handed out is committed.
/// </summary>
internal sealed class BatchSource : GraphStageWithMaterializedValue<SourceShape<PartitionBatch>, IPartitionControl>
{
    private readonly NodeConsumer consumer;
    private readonly AssignmentWithOffset subscription;
    private readonly Outlet<PartitionBatch> batches = new("batches");

    internal BatchSource(NodeConsumer consumer, AssignmentWithOffset subscription)
    {
        this.consumer = consumer;
        this.subscription = subscription;
        Shape = new SourceShape<PartitionBatch>(batches);
    }

    public override SourceShape<PartitionBatch> Shape { get; }

    public override ILogicAndMaterializedValue<IPartitionControl> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        var assignment = consumer.Assignment(subscription);
        return new LogicAndMaterializedValue<IPartitionControl>(new Logic(this, assignment), new PartitionControl(consumer, assignment));
    }

    private sealed class Logic : OutGraphStageLogic
    {
        private readonly BatchSource stage;
        private readonly PartitionAssignment assignment;

        internal Logic(BatchSource stage, PartitionAssignment assignment)
            : base(stage.Shape)
        {
            this.stage = stage;
            this.assignment = assignment;
            SetHandler(stage.batches, this);
        }

        public override void PreStart()
        {
            assignment.Takers.Attach(GetAsyncCallback(Look));
            stage.consumer.Ask(assignment, AssignmentPhase.Assigned);
            Look();
        }

        public override void OnPull()
        {
            if (TryPush())
                return;
            assignment.Takers.Want();
            if (TryPush())
                assignment.Takers.Unwant();
        }

        public override void PostStop()
        {
            assignment.Takers.Detach();
            // What was stopped is still being committed.
            if (assignment.Wished < AssignmentPhase.Stopped || assignment.Failure is not null)
                stage.consumer.Ask(assignment, AssignmentPhase.Ended);
            assignment.StageEnded();
        }

        private void Look()
        {
            assignment.Takers.Handled();
            if (assignment.Failure is { } reason)
                FailStage(reason);
            else if (assignment.Wished >= AssignmentPhase.Stopped)
                CompleteStage();
            else if (IsAvailable(stage.batches))
                OnPull();
        }

        private bool TryPush()
        {
            if (assignment.Wished >= AssignmentPhase.Stopped)
                return false;
            if (assignment.Take() is { } batch)
                Push(stage.batches, batch);
            else if (assignment.Gap is { } gap)
                FailStage(gap);
            else
                return false;
            return true;
        }
    }
}
