using System.ComponentModel.DataAnnotations;
using Scoring.Actors.Entities;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.Actors.Partitions;
using Scoring.Actors.Relay;
using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Host.Cluster;
using Scoring.Kafka;
using Scoring.Models.Durations;
using Scoring.Models.Wire;

namespace Scoring.Host.Options;

/// <summary>Which Kafka the node works with.</summary>
public sealed record KafkaOptions
{
    /// <summary>The brokers, as host:port, host:port. Empty starts a broker inside the process, for trying out.</summary>
    public string BootstrapServers { get; init; } = "";

    /// <summary>Settings of librdkafka for every client, by their own names (security, for one).</summary>
    public IReadOnlyDictionary<string, string> Client { get; init; } = new Dictionary<string, string>();

    /// <summary>How often a node looks whether its topics are still those that its state is made of.</summary>
    [DurationRange("100ms", "1h")]
    public TimeSpan WatchInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Partitions of each topic of the embedded broker.</summary>
    [Range(1, 256)]
    public int EmbeddedPartitions { get; init; } = new EmbeddedBrokerOptions().Partitions;
}

/// <summary>Where a file or folder that the node reads at its start is.</summary>
public sealed record FileOptions
{
    /// <summary>The path; a relative one starts at the working folder, else at the program's.</summary>
    [Required]
    public string Path { get; init; } = "";
}

/// <summary>How the node answers over HTTP.</summary>
public sealed record HttpOptions
{
    /// <summary>The addresses it listens on, separated by semicolons.</summary>
    [Required]
    public string Urls { get; init; } = "http://127.0.0.1:8080";

    /// <summary>
    /// Where other nodes reach this one, as http://host:port. Empty takes the first of <see cref="Urls"/>, with the machine's
    /// name where that is every address.
    /// </summary>
    public string AdvertisedUrl { get; init; } = "";

    /// <summary>How long a call of POST /v1/score waits for its score.</summary>
    [DurationRange("1ms", "1h")]
    public TimeSpan ScoreTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Calls of POST /v1/score that may wait at once.</summary>
    [Range(1, 1_000_000)]
    public int MaxWaitingScores { get; init; } = 10_000;
}

/// <summary>Everything that can be configured: section `Scoring` of appsettings.json, and `Scoring__…` in the environment.</summary>
public sealed record ScoringOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Scoring";

    /// <summary>This node's name among the nodes of its group; empty takes the machine's and the process's.</summary>
    public string NodeId { get; init; } = "";

    /// <summary>Which Kafka.</summary>
    public KafkaOptions Kafka { get; init; } = new();

    /// <summary>The topics' names.</summary>
    public Topics Topics { get; init; } = new();

    /// <summary>How the input log is read.</summary>
    public SourceOptions Source { get; init; } = new();

    /// <summary>What is relayed into the input log.</summary>
    public RelayOptions Relay { get; init; } = new();

    /// <summary>How outputs are appended.</summary>
    public KafkaOutputOptions Output { get; init; } = new();

    /// <summary>What a record may be at most.</summary>
    public DecodeLimits Decode { get; init; } = new();

    /// <summary>The bounds of a shard.</summary>
    public ShardOptions Shards { get; init; } = new();

    /// <summary>The bounds of the entities.</summary>
    public EntityOptions Entities { get; init; } = new();

    /// <summary>The feature set's file.</summary>
    public FileOptions Features { get; init; } = new() { Path = "features/fraud.yaml" };

    /// <summary>The model bundle's folder.</summary>
    public FileOptions Model { get; init; } = new() { Path = "models/fraud/1" };

    /// <summary>The state of the shards.</summary>
    public StateOptions State { get; init; } = new();

    /// <summary>The ledger.</summary>
    public LedgerOptions Ledger { get; init; } = new();

    /// <summary>The HTTP side.</summary>
    public HttpOptions Http { get; init; } = new();

    /// <summary>The node as a member of a cluster.</summary>
    public ClusterOptions Cluster { get; init; } = new();
}
