using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;

namespace Scoring.Simulation.Scheduling;

/// <summary>Begins actor systems in simulated processes: all that they do is steps of their process.</summary>
internal static class VirtualActorSystem
{
    // What would wait for an answer on the thread that begins the system, or runs on threads of its own, is off.
    private static readonly Config Own = ConfigurationFactory.ParseString($$"""
        akka {
            loggers = []
            loglevel = WARNING
            stdout-loglevel = OFF
            log-dead-letters = off
            scheduler.implementation = "{{typeof(AkkaClock).FullName}}, scoring-sim"
            actor.default-dispatcher.type = "{{typeof(AkkaDispatcherConfigurator).FullName}}, scoring-sim"
            actor.internal-dispatcher.type = "{{typeof(AkkaDispatcherConfigurator).FullName}}, scoring-sim"
            coordinated-shutdown { run-by-clr-shutdown-hook = off, run-by-actor-system-terminate = off, terminate-actor-system = off, exit-clr = off }
        }
        """);

    [ThreadStatic]
    private static VirtualProcess? beginning;

    /// <summary>The process that begins an actor system on this thread; null if none does.</summary>
    internal static VirtualProcess? Beginning => beginning;

    /// <summary>Begins an actor system.</summary>
    /// <param name="process">Its process.</param>
    /// <param name="configuration">What is configured besides.</param>
    /// <param name="setups">Its set-ups.</param>
    internal static ActorSystem Begin(VirtualProcess process, Config configuration, params Setup[] setups)
    {
        beginning = process;
        try
        {
            return ActorSystem.Create("scoring", ActorSystemSetup.Create([BootstrapSetup.Create().WithConfig(Own.WithFallback(configuration)), .. setups]));
        }
        finally
        {
            beginning = null;
        }
    }
}
