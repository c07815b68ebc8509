using Akka;
using Akka.Streams;
using Akka.Streams.Stage;

namespace Scoring.Actors.Partitions;

/// <summary>
/// Hands each element to an action, and ends with its stream. Akka's own sink completes its task over the pool, so that the owner
/// hears of the end of a stream at some time; from this one it hears in the stream's own step.
/// </summary>
/// <typeparam name="T">What the stream is made of.</typeparam>
internal sealed class LastStep<T> : GraphStageWithMaterializedValue<SinkShape<T>, Task<Done>>
{
    private readonly Action<T> action;
    private readonly Inlet<T> incoming = new("last.in");

    internal LastStep(Action<T> action)
    {
        this.action = action;
        Shape = new SinkShape<T>(incoming);
    }

    public override SinkShape<T> Shape { get; }

    public override ILogicAndMaterializedValue<Task<Done>> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        var ended = new TaskCompletionSource<Done>();
        return new LogicAndMaterializedValue<Task<Done>>(new Logic(this, ended), ended.Task);
    }

    private sealed class Logic : InGraphStageLogic
    {
        private readonly LastStep<T> stage;
        private readonly TaskCompletionSource<Done> ended;

        internal Logic(LastStep<T> stage, TaskCompletionSource<Done> ended)
            : base(stage.Shape)
        {
            this.stage = stage;
            this.ended = ended;
            SetHandler(stage.incoming, this);
        }

        public override void PreStart() => Pull(stage.incoming);

        public override void OnPush()
        {
            stage.action(Grab(stage.incoming));
            Pull(stage.incoming);
        }

        public override void OnUpstreamFinish()
        {
            CompleteStage();
            ended.TrySetResult(Done.Instance);
        }

        public override void OnUpstreamFailure(Exception e)
        {
            FailStage(e);
            ended.TrySetException(e);
        }

        // The stream's own actor was stopped.
        public override void PostStop() => ended.TrySetException(new AbruptStageTerminationException(this));
    }
}
