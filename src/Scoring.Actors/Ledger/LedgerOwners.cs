using Akka.Actor;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Settings;

namespace Scoring.Actors.Ledger;

/// <summary>
/// What the owners of the scores' partitions have in common on a node. A ledger that the nodes share has its owners anywhere, each
/// partition one; where each node has a ledger of its own, it owns all partitions of it by itself (<see cref="LedgerFillActor"/>).
/// </summary>
public sealed class LedgerOwners
{
    internal static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Gathers what owners need. The clients are whoever's that made them.</summary>
    /// <param name="writer">Writes what they read.</param>
    /// <param name="consumer">Reads, by <see cref="Reading"/>.</param>
    /// <param name="topic">The topic of the scores.</param>
    /// <param name="logger">Where it is said what was lost.</param>
    public LedgerOwners(LedgerWriter writer, NodeConsumer consumer, string topic, ILogger<LedgerOwners> logger)
    {
        Writer = writer;
        Consumer = consumer;
        Topic = topic;
        Logger = logger;
    }

    internal LedgerWriter Writer { get; }

    internal NodeConsumer Consumer { get; }

    internal string Topic { get; }

    internal ILogger Logger { get; }

    /// <summary>How the ledger's consumer reads.</summary>
    /// <param name="options">Its bounds.</param>
    /// <param name="group">The brokers, and the scorers' group. The ledger's own is a name that the client wants, and commits nothing.</param>
    public static ConsumerSettings Reading(LedgerOptions options, GroupOptions group)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(group);
        var shortest = TimeSpan.FromMilliseconds(1);
        return new ConsumerSettings
        {
            BootstrapServers = group.BootstrapServers,
            Client = group.Client,
            Name = LedgerServices.TypeName,
            GroupId = $"{group.GroupId}-ledger",
            FetchWait = group.FetchWait < shortest ? shortest : group.FetchWait,
            PrefetchKilobytes = group.PrefetchKilobytes,
            MaxBatchRecords = options.MaxBatchRows,
            BufferRecords = Math.Max(2, 4 * options.MaxBatchRows),
            DrainTimeout = DrainTimeout,
        };
    }

    /// <summary>An owner for one take-over of one partition.</summary>
    /// <param name="number">The partition of the scores.</param>
    /// <param name="generation">The number of the take-over.</param>
    /// <param name="partition">Is told of its course, by <see cref="Messages.GenerationReport"/>; when it ends, the owner gives back.</param>
    public Props Owner(int number, long generation, IActorRef partition) =>
        Props.Create(() => new LedgerOwnerActor(this, new TopicPartition(Topic, number), generation, partition));
}
