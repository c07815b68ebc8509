using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Replies;
using Scoring.Actors.Model;
using Scoring.Actors.Pipeline;
using Scoring.Actors.State;
using Scoring.Benchmarks.Features;
using Scoring.Models.Features;
using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Benchmarks.State;

/// <summary>What a shard works with: the shipped feature set of 30 features and model, the real store, and the logs that it is given.</summary>
internal sealed class BenchNode : IAsyncDisposable, IReplyRouter
{
    private readonly BenchMeters meters = new();
    private readonly ModelActor model;
    private readonly ISnapshotStore store;
    private readonly StateOptions state;

    internal BenchNode(ISnapshotStore store, StateOptions state)
    {
        this.store = store;
        this.state = state;
        var contract = new FeatureContract(FeatureSet.Name, FeatureSet.Version, FeatureSet.Fingerprint, FeatureSet.FeatureNames);
        var bundle = ModelBundle.Load(BundleDirectory.Read(Path.Combine(FeatureEngineBenchmarks.Root(), "models", "fraud", "1")), contract);
        model = new ModelActor(bundle, new ShardOptions().MaxInFlightBatches, TimeProvider.System, meters, new Scoring.Kafka.Threads.ThreadTurns(), NullLogger<ModelActor>.Instance);
    }

    internal static FeatureSet FeatureSet { get; } = Read();

    internal ShardActor Open(int partition, ILogReader reader, IOutputLog outputs)
    {
        var options = new ShardOptions();
        var metrics = new ShardMetrics(meters);
        return new ShardActor(partition, new ShardContext
        {
            Options = options,
            Topics = new Topics(),
            Limits = new DecodeLimits(),
            FeatureSet = FeatureSet,
            State = state,
            Store = new StoreRetries(store, options, metrics, TimeProvider.System, NullLogger<StoreRetries>.Instance),
            Owner = new ShardOwner("bench", null),
            Reader = reader,
            Entities = new EntityOptions(),
            Origin = new ScoreOrigin(model.Manifest.Name, model.Manifest.Version, FeatureSet.Name, FeatureSet.Version, FeatureSet.Fingerprint, FeatureSet.FeatureNames),
            Model = model,
            Outputs = new PlainSessions(outputs),
            Log = outputs,
            Replies = this,
            Metrics = metrics,
            Logger = NullLogger<ShardActor>.Instance,
            Time = TimeProvider.System,
            Scheduler = TaskScheduler.Default,
        });
    }

    void IReplyRouter.Scored(in ReplyTo replyTo, byte[]? score) => throw new InvalidOperationException("nobody waits");

    void IReplyRouter.Rejected(in ReplyTo replyTo, Rejection rejection) => throw new InvalidOperationException("nobody waits");

    public async ValueTask DisposeAsync()
    {
        await model.DisposeAsync();
        meters.Dispose();
    }

    private static FeatureSet Read()
    {
        using var text = File.OpenText(Path.Combine(FeatureEngineBenchmarks.Root(), "features", "fraud.yaml"));
        return FeatureSet.Parse(text, "fraud.yaml");
    }
}
