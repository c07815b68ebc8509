using Akka.Streams;
using Akka.Streams.Stage;
using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Settings;

namespace Scoring.Kafka.Producers;

/// <summary>
/// Produces the records of its messages in one transaction after another, each with the offset behind what is in it, and hands
/// on what they carry once it is committed.
/// <list type="number">
/// <item>A message is wholly in one transaction; while one is being committed, the next message waits.</item>
/// <item>After an interval, or when it is full, nothing more joins it; once all that is in it is acknowledged it gets the offset and
/// is committed, by the producer's own loop.</item>
/// <item>Its messages are handed on, and the next transaction is open already.</item>
/// </list>
/// </summary>
/// <typeparam name="T">What is handed on.</typeparam>
internal sealed class TransactionFlow<T> : GraphStage<FlowShape<ProducerMessage<T>, T>>
{
    private readonly TransactionalProducer producer;
    private readonly TransactionSettings settings;
    private readonly Func<T, PartitionBatch> batchOf;
    private readonly TopicPartitionOffset? committed;
    private readonly Inlet<ProducerMessage<T>> messages = new("messages");
    private readonly Outlet<T> handedOn = new("committed");

    internal TransactionFlow(TransactionalProducer producer, TransactionSettings settings, Func<T, PartitionBatch> batchOf, TopicPartitionOffset? committed)
    {
        SettingChecks.ThrowIfInvalid(settings);
        this.producer = producer;
        this.settings = settings;
        this.batchOf = batchOf;
        this.committed = committed;
        Shape = new FlowShape<ProducerMessage<T>, T>(messages, handedOn);
    }

    public override FlowShape<ProducerMessage<T>, T> Shape { get; }

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this);

    private sealed class Logic : TimerGraphStageLogic, IInHandler, IOutHandler
    {
        // What the timers are for.
        private const string Commit = nameof(Commit);
        private const string Room = nameof(Room);
        private const string Refresh = nameof(Refresh);

        private readonly TransactionFlow<T> stage;
        private readonly Deliveries deliveries = new();
        private readonly List<ProducedMessage<T>> inside = [];
        private readonly Queue<T> ready = new();
        private readonly TryProduce tryProduce;
        private readonly TimeSpan roomPause;
        private PartitionAssignment? assignment;
        private ProducedMessage<T>? waiting;
        private int acknowledged;
        private bool isCommitting;
        private bool isDue;
        private bool wasCommitted;
        private long? offset;

        // Written by the producer's loop: how the commit under way has ended.
        private volatile bool hasEnded;
        private volatile TransactionFailedException? outcome;

        internal Logic(TransactionFlow<T> stage)
            : base(stage.Shape)
        {
            this.stage = stage;
            tryProduce = stage.producer.TryProduce;
            roomPause = stage.settings.RetryBackoff;
            SetHandler(stage.messages, this);
            SetHandler(stage.handedOn, this);
        }

        public override void PreStart()
        {
            deliveries.Signal.Attach(GetAsyncCallback(Look));
            ScheduleRepeatedly(Refresh, stage.settings.CommitRefreshInterval);
            Pull(stage.messages);
        }

        public void OnPush()
        {
            var message = Grab(stage.messages);
            var batch = stage.batchOf(message.PassThrough);
            if (assignment is null)
                assignment = batch.Assignment;
            else if (assignment != batch.Assignment)
                throw new InvalidOperationException($"a batch of {batch.Partition} (epoch {batch.Epoch}) came to the transactions of {assignment.Partition} (epoch {assignment.Epoch}); each assignment has a stream of its own");
            if (message.Records.Count == 0 && batch.Next <= assignment.Settled && inside.Count == 0)
                Skip(message.PassThrough, batch);
            else
                waiting = new ProducedMessage<T>(message, deliveries);
            GoOn();
        }

        public void OnPull() => GoOn();

        public void OnUpstreamFinish()
        {
            isDue = true;
            GoOn();
        }

        public void OnUpstreamFailure(Exception e) => FailStage(e);

        public void OnDownstreamFinish(Exception cause) => CancelStage(cause);

        public override void PostStop()
        {
            deliveries.Signal.Detach();
            stage.producer.Metrics.Uncommitted(-inside.Count);
        }

        protected override void OnTimer(object timerKey)
        {
            isDue |= timerKey is Commit;
            if (timerKey is Refresh)
                RefreshOffset();
            GoOn();
        }

        // Nothing more joins the transaction. Half a message must not be committed, so the rest of one still does.
        private bool IsClosing => isDue && inside.Count > 0 && waiting is not { Handed: > 0 };

        private void Look()
        {
            deliveries.Signal.Handled();
            GoOn();
        }

        // The client's commit would wait for the acknowledgements too, but looks for them only every 10 ms (measured on the embedded
        // broker: 10.7 ms a transaction, against 1.8 ms).
        private bool AreAcknowledged()
        {
            while (acknowledged < inside.Count && inside[acknowledged].IsDone)
                acknowledged++;
            return acknowledged == inside.Count;
        }

        private void GoOn()
        {
            if (Failure() is { } failure)
            {
                FailStage(failure);
                return;
            }

            if (isCommitting && hasEnded)
                Committed();
            if (!isCommitting && !IsClosing)
                HandOver();
            if (!isCommitting && IsClosing && AreAcknowledged())
                BeginCommit();
            if (IsAvailable(stage.handedOn) && ready.Count > 0)
                Push(stage.handedOn, ready.Dequeue());
            if (IsClosed(stage.messages) && waiting is null && inside.Count == 0 && ready.Count == 0)
                CompleteStage();
            else if (!IsClosed(stage.messages) && !HasBeenPulled(stage.messages) && waiting is null && inside.Count + ready.Count < stage.settings.MaxMessages)
                Pull(stage.messages);
        }

        // Of a record that is refused the transaction knows nothing, and would be committed without it. What else goes wrong with a
        // record, the commit's own failure says better.
        private Exception? Failure()
        {
            if (deliveries.HasRefused && Refused() is { } refused)
                return refused;
            if (outcome is { } failure)
                return failure;
            if (deliveries.Failure is { } broken && !isCommitting)
                return new TransactionFailedException(Abortable(broken.Failure), broken.Message);
            if (assignment?.Failure is { } reason)
                return reason;
            return assignment is { Wished: AssignmentPhase.Ended } && inside.Count > 0
                ? new AssignmentEndedException($"{assignment.Partition} was taken away while {inside.Count} batches from {assignment.Settled} on were not committed")
                : null;
        }

        private static KafkaFailure Abortable(KafkaFailure failure) => failure.Class == FailureClass.Retriable ? failure with { Class = FailureClass.Abortable } : failure;

        private TransactionFailedException? Refused()
        {
            var message = waiting is { HasRefused: true } ? waiting : inside.Find(static m => m.HasRefused);
            if (message is null)
                return null;
            var its = message.Refused[0];
            stage.producer.Metrics.Refused.Add(1);
            return new TransactionFailedException(its.Failure, $"record {its.Index} of {message.PassThrough} is refused: {its.Failure.Message}") { PassThrough = message.PassThrough, RecordIndex = its.Index };
        }

        // What is being read again, and committed long ago.
        private void Skip(T passThrough, PartitionBatch batch)
        {
            batch.Assignment.Prefix.Complete(batch);
            ready.Enqueue(passThrough);
        }

        private void HandOver()
        {
            if (waiting is not { } message)
                return;
            if (!message.TryHandOver(tryProduce))
            {
                ScheduleOnce(Room, roomPause);
                return;
            }

            waiting = null;
            inside.Add(message);
            stage.producer.Metrics.Uncommitted(1);
            var batch = stage.batchOf(message.PassThrough);
            batch.Assignment.Prefix.Complete(batch);
            isDue |= inside.Count >= stage.settings.MaxMessages || IsClosed(stage.messages);
            if (inside.Count == 1 && !isDue)
                ScheduleOnce(Commit, stage.settings.CommitInterval);
        }

        private void BeginCommit()
        {
            CancelTimer(Commit);
            isDue = false;
            var end = assignment!.Prefix.End;
            offset = end > assignment.Settled ? end : null;
            Begin();
        }

        private void Begin()
        {
            isCommitting = true;
            hasEnded = false;
            var place = assignment?.Partition ?? stage.committed!.TopicPartition;
            stage.producer.Commit(offset is { } its ? new TopicPartitionOffset(place, its) : null, End);
        }

        // On the producer's loop.
        private void End(TransactionFailedException? failure)
        {
            outcome = failure;
            hasEnded = true;
            deliveries.Signal.Now();
        }

        private void Committed()
        {
            isCommitting = false;
            wasCommitted = true;
            // To the very assignment: if it has ended meanwhile, the answer is for nobody.
            if (offset is { } its)
                assignment?.Acknowledge(its);
            foreach (var message in inside)
                ready.Enqueue(message.PassThrough);
            stage.producer.Metrics.Uncommitted(-inside.Count);
            inside.Clear();
            acknowledged = 0;
            isDue = IsClosed(stage.messages);
        }

        private void RefreshOffset()
        {
            if (!wasCommitted && !isCommitting && inside.Count == 0 && waiting is null && (assignment?.Committed ?? stage.committed?.Offset.Value) is { } its)
            {
                offset = its;
                Begin();
            }

            wasCommitted = false;
        }
    }
}
