using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Model;
using Scoring.Actors.Replies;
using Scoring.Actors.Parts;
using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>Registers the engine of the shards.</summary>
public static class EngineServices
{
    /// <summary>
    /// Adds the engine and what its shards work with. Who replaces the engine registers another <see cref="IShardEngine"/> and its
    /// <see cref="NodePart"/> here; the rest of the node knows the interface alone.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="address">Where other nodes reach this one, told when the engine starts; null if they can't.</param>
    public static IServiceCollection AddScoringEngine(this IServiceCollection services, Func<IServiceProvider, Uri?> address) => services
        .AddSingleton<ShardMetrics>()
        .AddSingleton(static p => new StoreRetries(
            p.GetRequiredService<ISnapshotStore>(),
            p.OptionsOf<ShardOptions>(),
            p.GetRequiredService<ShardMetrics>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<StoreRetries>>()))
        .AddSingleton(static p => new KafkaLogReader(
            p.OptionsOf<SourceOptions>(),
            p.GetRequiredService<Topics>().Transactions,
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<TaskScheduler>(),
            p.GetRequiredService<ILogger<KafkaLogReader>>()))
        .AddSingleton(Context)
        .AddSingleton<IShardEngine, KafkaShardEngine>()
        .AddNodePart(p =>
        {
            var engine = p.GetRequiredService<IShardEngine>();
            return new NodePart(StopPhase.Groups)
            {
                StartAsync = cancellation => engine.StartAsync(address(p), cancellation),
                StopAsync = engine.StopAsync,
                Completion = engine.Completion,
            };
        });

    private static ShardContext Context(IServiceProvider services)
    {
        var (model, features, log) = (services.GetRequiredService<ModelActor>(), services.GetRequiredService<FeatureSet>(), services.GetRequiredService<KafkaOutputLog>());
        return new ShardContext
        {
            Options = services.OptionsOf<ShardOptions>(),
            State = services.OptionsOf<StateOptions>(),
            Store = services.GetRequiredService<StoreRetries>(),
            Owner = new ShardOwner(services.GetRequiredService<NodeName>().Value, null),
            Reader = services.GetRequiredService<KafkaLogReader>(),
            Logger = services.GetRequiredService<ILogger<ShardActor>>(),
            Topics = services.GetRequiredService<Topics>(),
            Limits = services.OptionsOf<DecodeLimits>(),
            FeatureSet = features,
            Entities = services.OptionsOf<EntityOptions>(),
            Origin = new ScoreOrigin(model.Manifest.Name, model.Manifest.Version, features.Name, features.Version, features.Fingerprint, features.FeatureNames),
            Model = model,
            Outputs = new PlainSessions(log),
            Log = log,
            Replies = services.GetRequiredService<IReplyRouter>(),
            Metrics = services.GetRequiredService<ShardMetrics>(),
            Time = services.GetRequiredService<TimeProvider>(),
            Scheduler = services.GetRequiredService<TaskScheduler>(),
        };
    }
}
