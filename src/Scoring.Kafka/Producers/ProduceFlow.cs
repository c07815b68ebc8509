using Akka.Streams;
using Akka.Streams.Stage;

namespace Scoring.Kafka.Producers;

/// <summary>Produces the records of its messages, and hands on what each carries once they are acknowledged, in order.</summary>
/// <typeparam name="T">What is handed on.</typeparam>
internal sealed class ProduceFlow<T> : GraphStage<FlowShape<ProducerMessage<T>, ProducerResult<T>>>
{
    private readonly NodeProducer producer;
    private readonly Inlet<ProducerMessage<T>> messages = new("messages");
    private readonly Outlet<ProducerResult<T>> acknowledged = new("acknowledged");

    internal ProduceFlow(NodeProducer producer)
    {
        this.producer = producer;
        Shape = new FlowShape<ProducerMessage<T>, ProducerResult<T>>(messages, acknowledged);
    }

    public override FlowShape<ProducerMessage<T>, ProducerResult<T>> Shape { get; }

    protected override GraphStageLogic CreateLogic(Attributes inheritedAttributes) => new Logic(this);

    private sealed class Logic : TimerGraphStageLogic, IInHandler, IOutHandler
    {
        private readonly ProduceFlow<T> stage;
        private readonly Deliveries deliveries = new();
        private readonly Queue<ProducedMessage<T>> underWay = new();
        private TryProduce? tryProduce;
        private ProducedMessage<T>? halfHanded;

        internal Logic(ProduceFlow<T> stage)
            : base(stage.Shape)
        {
            this.stage = stage;
            SetHandler(stage.messages, this);
            SetHandler(stage.acknowledged, this);
        }

        public override void PreStart()
        {
            deliveries.Signal.Attach(GetAsyncCallback(Look));
            tryProduce = stage.producer.Join(deliveries);
            Pull(stage.messages);
        }

        public void OnPush()
        {
            var message = new ProducedMessage<T>(Grab(stage.messages), deliveries);
            underWay.Enqueue(message);
            stage.producer.Metrics.Unacknowledged(message.Records);
            halfHanded = message;
            HandOver();
            GoOn();
        }

        public void OnPull() => GoOn();

        public void OnUpstreamFinish()
        {
            if (underWay.Count == 0)
                CompleteStage();
        }

        public void OnUpstreamFailure(Exception e) => FailStage(e);

        public void OnDownstreamFinish(Exception cause) => CancelStage(cause);

        public override void PostStop()
        {
            deliveries.Signal.Detach();
            stage.producer.Leave(deliveries);
            stage.producer.Metrics.Unacknowledged(-underWay.Sum(m => m.Records));
        }

        protected override void OnTimer(object timerKey)
        {
            HandOver();
            GoOn();
        }

        private void Look()
        {
            deliveries.Signal.Handled();
            // An acknowledgement has made room.
            HandOver();
            GoOn();
        }

        // The client is full of others' records too, whose acknowledgements this stage does not hear of: hence the timer.
        private void HandOver()
        {
            if (halfHanded is null || IsBroken)
                return;
            if (halfHanded.TryHandOver(tryProduce!))
                halfHanded = null;
            else
                ScheduleOnce(nameof(HandOver), stage.producer.Settings.FullPause);
        }

        // Whatever stands behind a record that failed must not be appended.
        private bool IsBroken => stage.producer.Settings.Gapless && deliveries.Failure is not null;

        private void GoOn()
        {
            if (deliveries.Failure is { } failure)
            {
                if (underWay.Count > 0 || IsBroken)
                {
                    stage.producer.Metrics.Failed.Add(1);
                    FailStage(failure);
                    return;
                }

                deliveries.Forget();
            }

            if (IsAvailable(stage.acknowledged) && underWay.TryPeek(out var first) && first.IsDone)
                HandOn(underWay.Dequeue());
            if (IsClosed(stage.messages) && underWay.Count == 0)
                CompleteStage();
            else if (!IsClosed(stage.messages) && !HasBeenPulled(stage.messages) && halfHanded is null && underWay.Count < stage.producer.Settings.MaxUnacknowledged)
                Pull(stage.messages);
        }

        private void HandOn(ProducedMessage<T> message)
        {
            var refused = message.Refused;
            stage.producer.Metrics.Unacknowledged(-message.Records);
            if (refused.Count > 0)
                stage.producer.Metrics.Refused.Add(refused.Count);
            Push(stage.acknowledged, new ProducerResult<T>(message.PassThrough, refused));
        }
    }
}
