using Akka.Actor;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Model;
using Scoring.Actors.Replies;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>What all owners of a node work with.</summary>
public sealed record PartitionContext
{
    /// <summary>The bounds of an owner.</summary>
    public required ShardOptions Options { get; init; }

    /// <summary>How often state is made durable, and how much of it is in memory.</summary>
    public required StateOptions State { get; init; }

    /// <summary>The topics' names, prefix included.</summary>
    public required Topics Topics { get; init; }

    /// <summary>Partitions of the input log.</summary>
    public required int Partitions { get; init; }

    /// <summary>What the decoder accepts.</summary>
    public required DecodeLimits Limits { get; init; }

    /// <summary>The features, of local entities alone.</summary>
    public required CompiledFeatures Features { get; init; }

    /// <summary>What score records say of the model and the features.</summary>
    public required ScoreOrigin Origin { get; init; }

    /// <summary>The model.</summary>
    public required ModelActor Model { get; init; }

    /// <summary>The node's consumer.</summary>
    public required NodeConsumer Consumer { get; init; }

    /// <summary>The node's producer; not used where outputs and offsets go into transactions.</summary>
    public required NodeProducer Producer { get; init; }

    /// <summary>The largest record that the producer sends, in bytes.</summary>
    public required int MaxRecordBytes { get; init; }

    /// <summary>Makes the producer of a partition, by its transactional id, where outputs and offsets go into transactions; else null.</summary>
    public Func<string, TransactionalProducer>? Transactions { get; init; }

    /// <summary>When transactions are committed.</summary>
    public TransactionSettings TransactionSettings { get; init; } = new();

    /// <summary>The group that names the committed offsets.</summary>
    public required string GroupId { get; init; }

    /// <summary>Where a partition without a committed offset begins.</summary>
    public required FirstStart FirstStart { get; init; }

    /// <summary>The snapshot store.</summary>
    public required IActorRef Store { get; init; }

    /// <summary>What keeps the owners' rows from the store.</summary>
    public required StoreTroubles StoreTroubles { get; init; }

    /// <summary>Where ticks are appended to the input log.</summary>
    public required IOutputLog Log { get; init; }

    /// <summary>Those who wait for scores.</summary>
    public required IReplyRouter Replies { get; init; }

    /// <summary>Where the owners' metrics are counted.</summary>
    public required OwnerMetrics Metrics { get; init; }

    /// <summary>Where owners log.</summary>
    public required ILogger<OwnerActor> Logger { get; init; }

    /// <summary>This node's name.</summary>
    public required string Node { get; init; }

    /// <summary>Measures how long things take.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Chance, to tell one take-over of a node from another.</summary>
    public required Func<long> Chance { get; init; }

    /// <summary>Is shown each record at each step; what it throws counts as the step's. A fault double, for tests.</summary>
    public Action<RecordStep, InputRecord>? Probe { get; init; }
}
