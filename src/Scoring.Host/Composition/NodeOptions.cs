using Microsoft.Extensions.Options;
using Scoring.Host.Options;
using Scoring.Models.Features;

namespace Scoring.Host.Composition;

/// <summary>The options as the node's parts get them: with what is known only once the feature set is read and the broker is there.</summary>
/// <param name="configured">The options as they were configured.</param>
/// <param name="features">The feature set, which says how far back the node looks.</param>
/// <param name="broker">The broker.</param>
internal sealed class NodeOptions(IOptions<ScoringOptions> configured, FeatureSet features, NodeBroker broker)
{
    /// <summary>The options.</summary>
    internal ScoringOptions Value { get; } = broker.Apply(configured.Value with { Decode = configured.Value.Decode.ForNode(features.LongestRetention) });
}
