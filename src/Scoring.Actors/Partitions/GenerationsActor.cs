using Akka.Actor;
using Akka.Event;
using Scoring.Actors.Messages;

namespace Scoring.Actors.Partitions;

/// <summary>
/// Begins the generations of a region's partitions on this node, and is the parent of their owners. None is ever restarted: it would go
/// on empty. Of each partition the newest owner alone is let live, and none behind the end of its partition's actor.
/// </summary>
public sealed class GenerationsActor : UntypedActor
{
    private readonly Func<int, long, IActorRef, Props> owners;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly Dictionary<int, (IActorRef Asker, IActorRef Owner, long Generation)> newest = [];
    private Halt? halted;

    /// <summary>Makes it, with no generation.</summary>
    /// <param name="owners">How the owner of a partition's generation is made, which reports to the actor that it is given.</param>
    public GenerationsActor(Func<int, long, IActorRef, Props> owners)
    {
        ArgumentNullException.ThrowIfNull(owners);
        this.owners = owners;
    }

    /// <summary>The name that it goes by below <c>/user</c> where a node has one region.</summary>
    public const string Name = "generations";

    /// <summary>How it is made.</summary>
    /// <param name="owners">How the owner of a partition's generation is made, which reports to the actor that it is given.</param>
    public static Props Props(Func<int, long, IActorRef, Props> owners) => Akka.Actor.Props.Create(() => new GenerationsActor(owners));

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case BeginGeneration begin when halted is not null:
                Sender.Tell(new WentDown(begin.Generation, halted.Code, halted.Why));
                break;
            case BeginGeneration begin:
                Begin(begin, Sender);
                break;
            case Halt halt:
                End(halt);
                break;
            case Terminated ended:
                Forget(ended.ActorRef);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Begin(BeginGeneration begin, IActorRef asker)
    {
        if (newest.Remove(begin.Partition, out var before))
            Leave(before.Asker, before.Owner);
        try
        {
            var owner = Context.ActorOf(owners(begin.Partition, begin.Generation, asker));
            newest[begin.Partition] = (asker, owner, begin.Generation);
            Context.Watch(asker);
            Context.Watch(owner);
            asker.Tell(new GenerationBegun(begin.Generation, owner));
        }
#pragma warning disable CA1031 // It is reported to whoever asked, who tries again; the other partitions' owners go on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.Error(e, "Generation {0} of partition {1} could not begin", begin.Generation, begin.Partition);
            asker.Tell(new Lost(begin.Generation, LossCause.Failed, "its owner could not be made"));
        }
    }

    private void Forget(IActorRef ended)
    {
        foreach (var (partition, (asker, owner, _)) in newest.Where(n => n.Value.Asker.Equals(ended) || n.Value.Owner.Equals(ended)).ToArray())
        {
            newest.Remove(partition);
            Leave(asker, owner);
        }
    }

    private void End(Halt halt)
    {
        halted = halt;
        foreach (var (asker, owner, generation) in newest.Values)
        {
            Leave(asker, owner);
            asker.Tell(new WentDown(generation, halt.Code, halt.Why));
        }

        newest.Clear();
    }

    private static void Leave(IActorRef asker, IActorRef owner)
    {
        Context.Unwatch(asker);
        Context.Unwatch(owner);
        // Most stop by themselves already.
        Context.Stop(owner);
    }
}
