using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.SysMsg;

namespace Scoring.Simulation.Scheduling;

/// <summary>Makes the dispatchers of an actor system in a simulated process.</summary>
/// <param name="section">The dispatcher's section.</param>
/// <param name="prerequisites">What it works with, the system's <see cref="AkkaClock"/> among it.</param>
public sealed class AkkaDispatcherConfigurator(Config section, IDispatcherPrerequisites prerequisites) : MessageDispatcherConfigurator(section, prerequisites)
{
    private AkkaDispatcher? dispatcher;

    /// <inheritdoc/>
    public override MessageDispatcher Dispatcher() => dispatcher ??= new AkkaDispatcher(this, ((AkkaClock)Prerequisites.Scheduler).Process);
}

/// <summary>A dispatcher whose mailboxes run as steps of a simulated process, one message a step.</summary>
internal sealed class AkkaDispatcher : MessageDispatcher
{
    private readonly VirtualProcess process;
    private string? name;

    internal AkkaDispatcher(MessageDispatcherConfigurator configurator, VirtualProcess process)
        : base(configurator)
    {
        this.process = process;
        Throughput = 1;
        ShutdownTimeout = TimeSpan.FromSeconds(1);
    }

    // Children are told to stop in the order of their names' hashes, which are other ones in each process.
    public override void SystemDispatch(ActorCell cell, SystemMessage message)
    {
        name = cell.Self.Path.ToStringWithoutAddress();
        base.SystemDispatch(cell, message);
        name = null;
    }

    protected override void ExecuteTask(IRunnable run) => process.Run(run.Run, name);

    protected override void Shutdown()
    {
        // It holds nothing.
    }
}
