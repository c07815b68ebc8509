using Microsoft.Extensions.Logging;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Model;
using Scoring.Actors.Replies;
using Scoring.Actors.State;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>What all shards of a node work with.</summary>
public sealed record ShardContext
{
    /// <summary>The bounds of a shard.</summary>
    public required ShardOptions Options { get; init; }

    /// <summary>The topics' names, prefix included.</summary>
    public required Topics Topics { get; init; }

    /// <summary>What the decoder accepts.</summary>
    public required DecodeLimits Limits { get; init; }

    /// <summary>The features.</summary>
    public required FeatureSet FeatureSet { get; init; }

    /// <summary>How often state is made durable, and how much of it is in memory.</summary>
    public required StateOptions State { get; init; }

    /// <summary>Where state is durable.</summary>
    public required StoreRetries Store { get; init; }

    /// <summary>This node, as the store names the owner of a shard. A host that learns its address late sets it before the first shard opens.</summary>
    public required ShardOwner Owner { get; set; }

    /// <summary>Reads the log again, for recovery.</summary>
    public required ILogReader Reader { get; init; }

    /// <summary>The bounds of the entities.</summary>
    public required EntityOptions Entities { get; init; }

    /// <summary>What score records say of the model and the features.</summary>
    public required ScoreOrigin Origin { get; init; }

    /// <summary>The model.</summary>
    public required ModelActor Model { get; init; }

    /// <summary>Where the shards' outputs go.</summary>
    public required IOutputSessions Outputs { get; init; }

    /// <summary>Where ticks are appended to the input log.</summary>
    public required IOutputLog Log { get; init; }

    /// <summary>Those who wait for scores.</summary>
    public required IReplyRouter Replies { get; init; }

    /// <summary>Where the shards' metrics are counted.</summary>
    public required ShardMetrics Metrics { get; init; }

    /// <summary>Where the shards log.</summary>
    public required ILogger<ShardActor> Logger { get; init; }

    /// <summary>Partitions of the input log. A host that learns it late sets it before the first shard opens.</summary>
    public int Partitions { get; set; } = 1;

    /// <summary>Is shown each record at each step; what it throws counts as the step's. A fault double, for tests.</summary>
    public Action<RecordStep, InputRecord>? Probe { get; init; }

    /// <summary>Measures how long a record takes, and times retries.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Where the shards' loops run.</summary>
    public required TaskScheduler Scheduler { get; init; }
}
