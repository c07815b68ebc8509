using System.Diagnostics.Metrics;
using Scoring.Actors.Model;
using Scoring.Actors.Parts;
using Scoring.Actors.Partitions;
using Scoring.Host.Options;
using Scoring.Kafka.Threads;
using Scoring.Models.Features;
using Scoring.Models.Inference;

namespace Scoring.Host.Composition;

/// <summary>Registers the feature set and the model, which the program finds beside itself where the options name no place of their own.</summary>
internal static class ModelServices
{
    /// <summary>Adds the feature set and the model that scores its vectors.</summary>
    /// <param name="services">The services.</param>
    internal static IServiceCollection AddScoringModel(this IServiceCollection services) => services
        .AddSingleton(static p =>
        {
            var options = p.OptionsOf<ScoringOptions>();
            NodePaths.Check(options);
            return ShippedFiles.ReadFeatures(options.Features.Path);
        })
        .AddSingleton(static p => new ModelActor(
            Bundle(p.OptionsOf<ScoringOptions>(), p.GetRequiredService<FeatureSet>()),
            p.OptionsOf<ScoringOptions>().Shards.MaxInFlightBatches * ShardOptions.MaxShards,
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<IMeterFactory>(),
            p.GetRequiredService<ITurnScheduler>(),
            p.GetRequiredService<ILogger<ModelActor>>()))
        .AddNodePart(static p => new NodePart(StopPhase.Model) { StopAsync = p.GetRequiredService<ModelActor>().StopAsync, Completion = p.GetRequiredService<ModelActor>().Completion });

    private static ModelBundle Bundle(ScoringOptions options, FeatureSet features) => ModelBundle.Load(
        BundleDirectory.Read(ShippedFiles.Locate(options.Model.Path)),
        new FeatureContract(features.Name, features.Version, features.Fingerprint, features.FeatureNames));
}
