using System.Diagnostics.Metrics;
using Akka.Actor;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>
/// Appends labels, interactions and transactions of other topics to the input log, under the key of their user (else
/// card), so that whatever changes an entity comes through the entity's own log. The work is spread over the
/// cluster by a region for each relayed topic; each partition has one owner (<see cref="RelayOwnerActor"/>), and the group <c>GROUP-relay</c> only names the
/// committed offsets.
/// <para>
/// A record may be appended twice, and none is lost, even where two relays overlap for a while, one of them a zombie.
/// Each copy tells its origin: topic, partition, offset. A shard remembers the highest offset that it has applied of
/// each origin partition, and ignores what is not above it. That is enough because each relay's copies of an origin
/// partition stand in the log in the order of their offsets and without a gap:
/// </para>
/// <list type="bullet">
/// <item>it starts where the group has committed, and an offset is committed only when the copies of all records before
/// it (or their dead letters) are acknowledged;</item>
/// <item>it reads in order and hands over in order to an idempotent producer that keeps the order;</item>
/// <item>a copy that fails ends the producer, so that nothing behind it is appended; then all begins anew from the commit.</item>
/// </list>
/// <para>
/// So wherever in a shard's log the first copy of a record stands, the same relay's copies of all earlier records of its
/// partition stand before it, or an earlier relay's do. What the shard finds at or below its mark it has seen.
/// </para>
/// <para>
/// This is what the owners of a node have in common. A topic that is relayed must not be deleted and made anew under its name: its offsets would begin again below the marks. One
/// that was is told of, and not relayed.
/// </para>
/// </summary>
public sealed class RelayOwners
{
    private const int BatchRecords = 256;
    private const int BatchBytes = 1024 * 1024;

    /// <summary>Gathers what owners need. The clients are whoever's that made them.</summary>
    /// <param name="options">What is relayed.</param>
    /// <param name="group">The scorers' group, after which the relay's offsets are named.</param>
    /// <param name="startsAtOldest">Whether a partition that was never relayed starts at its oldest record rather than at the next to come.</param>
    /// <param name="topics">The topics, prefix included.</param>
    /// <param name="limits">What a record may be at most.</param>
    /// <param name="consumer">Reads, by <see cref="Reading"/>.</param>
    /// <param name="copies">Appends the copies, by <see cref="Appending"/>.</param>
    /// <param name="deadLetters">Appends the dead letters.</param>
    /// <param name="progress">Where it is told what keeps a partition from being relayed.</param>
    /// <param name="time">The node's clock.</param>
    /// <param name="meters">Where metrics are counted.</param>
    /// <param name="logger">Where failures are logged.</param>
    public RelayOwners(
        RelayOptions options,
        GroupOptions group,
        bool startsAtOldest,
        Topics topics,
        DecodeLimits limits,
        NodeConsumer consumer,
        NodeProducer copies,
        NodeProducer deadLetters,
        RelayProgress progress,
        TimeProvider time,
        IMeterFactory meters,
        ILogger<RelayOwners> logger)
    {
        ArgumentNullException.ThrowIfNull(meters);
        Settings = new RelaySettings(options, group, startsAtOldest, topics, limits);
        Consumer = consumer;
        Copies = copies;
        DeadLetters = deadLetters;
        Progress = progress;
        Time = time;
        Logger = logger;
        Metrics = new RelayMetrics(meters, Settings.Origins);
    }

    /// <summary>The relayed topics, in the order of the configuration.</summary>
    public IReadOnlyList<string> Origins => [.. Settings.Origins];

    internal RelaySettings Settings { get; }

    internal NodeConsumer Consumer { get; }

    internal NodeProducer Copies { get; }

    internal NodeProducer DeadLetters { get; }

    internal RelayProgress Progress { get; }

    internal RelayMetrics Metrics { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    /// <summary>How the relay's consumer reads.</summary>
    /// <param name="options">Its bounds.</param>
    /// <param name="group">The brokers, and the scorers' group.</param>
    public static ConsumerSettings Reading(RelayOptions options, GroupOptions group)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(group);
        var shortest = TimeSpan.FromMilliseconds(1);
        var bytes = options.MaxInFlightKilobytes * 1024;
        var records = Math.Max(2, Math.Min(options.MaxInFlightRecords, BatchRecords * 4));
        return new ConsumerSettings
        {
            BootstrapServers = group.BootstrapServers,
            Client = group.Client,
            Name = RelayServices.TypeName,
            GroupId = RelaySettings.GroupOf(group),
            FetchWait = options.FetchWait < shortest ? shortest : options.FetchWait,
            PrefetchKilobytes = options.MaxInFlightKilobytes,
            BufferRecords = records,
            BufferBytes = bytes,
            MaxBatchRecords = Math.Min(BatchRecords, records),
            MaxBatchBytes = Math.Min(BatchBytes, bytes),
            CommitInterval = options.CommitInterval,
            DrainTimeout = options.StopTimeout < shortest ? shortest : options.StopTimeout,
        };
    }

    /// <summary>How the copies are appended: without gaps, since a mark behind a missing copy would have it passed over for ever.</summary>
    /// <param name="options">Its bounds.</param>
    /// <param name="group">The brokers.</param>
    public static ProducerSettings Appending(RelayOptions options, GroupOptions group)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(group);
        return new ProducerSettings
        {
            BootstrapServers = group.BootstrapServers,
            Client = group.Client,
            Gapless = true,
            MaxUnacknowledged = Math.Max(1, options.MaxInFlightRecords / BatchRecords),
            ReplacePause = options.RetryDelay,
        };
    }

    /// <summary>An owner for one take-over of one partition.</summary>
    /// <param name="origin">The partition of a relayed topic.</param>
    /// <param name="generation">The number of the take-over.</param>
    /// <param name="partition">Is told of its course, by <see cref="Messages.GenerationReport"/>; when it ends, the owner gives back.</param>
    public Props Owner(TopicPartition origin, long generation, IActorRef partition) => Props.Create(() => new RelayOwnerActor(this, origin, generation, partition));
}
