using Akka.Streams;
using Akka.Streams.Stage;

namespace Scoring.Actors.Partitions;

/// <summary>
/// Passes elements on until it is aborted, then fails its stream. Akka's kill switch tells its stage by a task of the pool, so at some
/// time; this one does so by a message to the stream, in the order of whatever else its owner says.
/// </summary>
/// <typeparam name="T">What the stream is made of.</typeparam>
internal sealed class AbortSwitch<T> : GraphStageWithMaterializedValue<FlowShape<T, T>, Action<Exception>>
{
    private readonly Inlet<T> incoming = new("abort.in");
    private readonly Outlet<T> outgoing = new("abort.out");

    internal AbortSwitch() => Shape = new FlowShape<T, T>(incoming, outgoing);

    public override FlowShape<T, T> Shape { get; }

    public override ILogicAndMaterializedValue<Action<Exception>> CreateLogicAndMaterializedValue(Attributes inheritedAttributes)
    {
        var logic = new Logic(this);
        return new LogicAndMaterializedValue<Action<Exception>>(logic, logic.Abort);
    }

    private sealed class Logic : InAndOutGraphStageLogic
    {
        private readonly AbortSwitch<T> stage;

        internal Logic(AbortSwitch<T> stage)
            : base(stage.Shape)
        {
            this.stage = stage;
            Abort = GetAsyncCallback<Exception>(FailStage);
            SetHandlers(stage.incoming, stage.outgoing, this);
        }

        /// <summary>Fails the stream. Any thread, at any time.</summary>
        internal Action<Exception> Abort { get; }

        public override void OnPush() => Push(stage.outgoing, Grab(stage.incoming));

        public override void OnPull() => Pull(stage.incoming);
    }
}
