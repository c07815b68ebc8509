using Scoring.Actors.Model;
using Scoring.Actors.Sql;
using Scoring.Host.Options;
using Scoring.Kafka;
using Scoring.Models.Features;

namespace Scoring.Host.Composition;

/// <summary>Tells in the log what starts, and what of it is lost at exit.</summary>
/// <param name="model">The model.</param>
/// <param name="features">The feature set.</param>
/// <param name="options">The options.</param>
/// <param name="broker">The broker inside, if there is one.</param>
/// <param name="logger">Where it is told.</param>
internal sealed partial class NodeAnnouncement(ModelActor model, FeatureSet features, NodeOptions options, NodeBroker broker, ILogger<NodeAnnouncement> logger)
{
    /// <summary>Tells it.</summary>
    internal void Tell()
    {
        var configured = options.Value;
        LogStarted(configured.NodeId, configured.Source.BootstrapServers, features.Name, features.Version, model.Manifest.Name, model.Manifest.Version);
        if (broker.IsInside)
            LogEmbedded($"{ScoringOptions.Section}:Kafka:BootstrapServers", EmbeddedBroker.PartitionBytes / 1024 / 1024);
        if (configured.State is { Provider: SqlProvider.Sqlite, Path: "" })
            LogTemporary("The state of the shards", $"{ScoringOptions.Section}:State:Path");
        if (configured.Ledger is { Provider: SqlProvider.Sqlite, Path: "" })
            LogTemporary("The ledger", $"{ScoringOptions.Section}:Ledger:Path");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} scores from {Brokers} with feature set {FeatureSet} {FeatureSetVersion} and model {Model} {ModelVersion}")]
    private partial void LogStarted(string node, string brokers, string featureSet, int featureSetVersion, string model, int modelVersion);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No Kafka is named ({Setting}): a broker inside this process takes the payments. It is for trying out: it keeps {Mebibytes} MiB of each partition in memory, and all payments are lost at exit")]
    private partial void LogEmbedded(string setting, long mebibytes);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} is in a temporary file and lost at exit; {Setting} gives it a place")]
    private partial void LogTemporary(string what, string setting);
}
