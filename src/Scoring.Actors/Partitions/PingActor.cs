using Akka.Actor;
using Akka.Cluster.Sharding;

namespace Scoring.Actors.Partitions;

/// <summary>
/// Sees to it that each partition of a region lives somewhere: nothing else would start one, since its work comes from Kafka and not from
/// messages. Every node does so for all partitions; to one that lives it means nothing. Tells when the region has ended.
/// </summary>
internal sealed class PingActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan SpreadLook = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan StatsTimeout = TimeSpan.FromSeconds(2);

    private readonly int partitions;
    private readonly IActorRef region;
    private readonly TimeSpan interval;
    private readonly TaskCompletionSource spread;
    private readonly TaskCompletionSource ended;

    public PingActor(int partitions, IActorRef region, TimeSpan interval, TaskCompletionSource spread, TaskCompletionSource ended)
    {
        this.partitions = partitions;
        this.region = region;
        this.interval = interval;
        this.spread = spread;
        this.ended = ended;
    }

    private enum Due
    {
        Ping,
        Look,
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    internal static Props Props(int partitions, IActorRef region, TimeSpan interval, TaskCompletionSource spread, TaskCompletionSource ended) =>
        Akka.Actor.Props.Create(() => new PingActor(partitions, region, interval, spread, ended));

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Context.Watch(region);
        Timers.StartPeriodicTimer(Due.Ping, Due.Ping, TimeSpan.Zero, interval);
        Timers.StartPeriodicTimer(Due.Look, Due.Look, TimeSpan.Zero, SpreadLook);
    }

    /// <inheritdoc/>
    protected override void PostStop() => ended.TrySetResult();

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Due.Ping when CoordinatedShutdown.Get(Context.System).ShutdownReason is not null:
                // A region that is told to go keeps what has no home, and waits until it has: with no other member, in vain.
                Timers.Cancel(Due.Ping);
                break;
            case Due.Ping:
                for (var partition = 0; partition < partitions; partition++)
                    region.Tell(new ShardRegion.StartEntity(PartitionExtractor.Name(partition)), Self);
                break;
            case Due.Look:
                region.Tell(new GetClusterShardingStats(StatsTimeout), Self);
                break;
            case ClusterShardingStats stats when stats.Regions.Values.SelectMany(r => r.Stats.Keys).Distinct().Count() == partitions:
                Timers.Cancel(Due.Look);
                spread.TrySetResult();
                break;
            case Terminated:
                Context.Stop(Self);
                break;
            default:
                // The shards' answers to the pings among others.
                break;
        }
    }
}
