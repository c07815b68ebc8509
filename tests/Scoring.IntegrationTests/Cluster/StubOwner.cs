using System.Collections.Concurrent;
using Akka.Actor;
using Scoring.Actors.Messages;
using Scoring.Models.Features;

namespace Scoring.IntegrationTests.Cluster;

/// <summary>What the owners of a cluster's members did, in the order in which they did it.</summary>
internal sealed class OwnerLog
{
    private readonly ConcurrentQueue<(int Partition, string Member, string Did)> entries = new();

    public IReadOnlyList<(int Partition, string Member, string Did)> Entries => [.. entries];

    public IReadOnlyList<(int Partition, string Member, string Did)> Of(int partition) => [.. entries.Where(e => e.Partition == partition)];

    public void Add(int partition, string member, string did) => entries.Enqueue((partition, member, did));
}

/// <summary>An owner that is live at once, gives back when it is asked to, and answers with the name of its member.</summary>
internal sealed class StubOwner : UntypedActor
{
    private readonly int partition;
    private readonly long generation;
    private readonly IActorRef reportsTo;
    private readonly string member;
    private readonly OwnerLog log;

    public StubOwner(int partition, long generation, IActorRef reportsTo, string member, OwnerLog log)
    {
        this.partition = partition;
        this.generation = generation;
        this.reportsTo = reportsTo;
        this.member = member;
        this.log = log;
    }

    public static Props Props(int partition, long generation, IActorRef reportsTo, string member, OwnerLog log) =>
        Akka.Actor.Props.Create(() => new StubOwner(partition, generation, reportsTo, member, log));

    protected override void PreStart()
    {
        log.Add(partition, member, "live");
        reportsTo.Tell(new WentLive(generation));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Drain:
                log.Add(partition, member, "gave back");
                reportsTo.Tell(new GaveBack(generation));
                Context.Stop(Self);
                break;
            case ReadCard read:
                Sender.Tell(new CardRead([.. read.UserIds.Select(user => new CardEntry(user, partition, [double.NaN, partition]))]));
                break;
            case ReadStatistics:
                Sender.Tell(new StatisticsRead([new EntityStatistics(member, partition, 0, 0, 0, 0)]));
                break;
            default:
                Unhandled(message);
                break;
        }
    }
}
