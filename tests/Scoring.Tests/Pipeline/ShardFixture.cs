using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Model;
using Scoring.Actors.Replies;
using Scoring.Actors.Pipeline;
using Scoring.Actors.State;
using Scoring.Models.Features;
using Scoring.Models.Inference;
using Scoring.Models.Wire;
using Scoring.Tests.Inference;

namespace Scoring.Tests.Pipeline;

/// <summary>One shard on a log that is held, with a tiny model.</summary>
internal sealed class ShardFixture : IAsyncDisposable, IReplyRouter
{
    public const long FirstTime = 1_772_366_400_000; // 2026-03-01T12:00:00Z, in milliseconds

    private const string Sessions = "sessions: { entity: user, gap: 30m }\n";

    private const string Features = """
        featureSet: tiny
        version: 2
        timeZone: UTC
        lateness: 1h
        entities:
          card: { key: cardId, retain: 1d }
          user: { key: userId, retain: 1d }
        sessions: { entity: user, gap: 30m }
        features:
          - { name: amount,   from: event,      field: amount }
          - { name: count_1d, from: card,       agg: count, window: 1d }
          - { name: ratio,    from: arithmetic, ratio: [amount, count_1d], empty: 1 }
          - { name: night,    from: calendar,   flag: night, hours: [0, 6] }
        """;

    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly ModelActor model;

    public ShardFixture(
        Func<ShardOptions, ShardOptions>? adjust = null,
        MemoryStore? store = null,
        MemoryLog? input = null,
        long? committed = null,
        Func<StateOptions, StateOptions>? state = null,
        Action<RecordStep, InputRecord>? probe = null,
        bool hasSessions = true,
        TimeProvider? time = null,
        int partitions = 1,
        DecodeLimits? limits = null)
    {
        Store = store ?? new MemoryStore();
        Input = input ?? new MemoryLog();
        var set = FeatureSet.Parse(new StringReader(hasSessions ? Features : Features.Replace(Sessions, "", StringComparison.Ordinal)), "tiny.yaml");
        var contract = new FeatureContract(set.Name, set.Version, set.Fingerprint, set.FeatureNames);
        var bundle = new BundleFixture();
        bundle.Manifest["featureSet"] = new JsonObject { ["name"] = set.Name, ["version"] = set.Version, ["fingerprint"] = set.Fingerprint };
        var meters = Meters;
        model = new ModelActor(ModelBundle.Load(bundle.Files(), contract), 1_000, TimeProvider.System, meters, new Scoring.Kafka.Threads.ThreadTurns(), NullLogger<ModelActor>.Instance);
        var options = new ShardOptions { QueueFullDelay = TimeSpan.FromMilliseconds(1) };
        options = adjust is null ? options : adjust(options);
        var durable = new StateOptions { CheckpointInterval = TimeSpan.FromDays(1) };
        var shardMetrics = new ShardMetrics(meters);
        Context = new ShardContext
        {
            Partitions = partitions,
            Options = options,
            State = state is null ? durable : state(durable),
            Store = new StoreRetries(Store, options, shardMetrics, TimeProvider.System, NullLogger<StoreRetries>.Instance),
            Owner = new ShardOwner("node", null),
            Reader = Input,
            Logger = NullLogger<ShardActor>.Instance,
            Probe = probe,
            Topics = new Topics { Prefix = "x." }.Resolved(),
            Limits = limits ?? new DecodeLimits(),
            FeatureSet = set,
            Entities = new EntityOptions(),
            Origin = new ScoreOrigin(model.Manifest.Name, model.Manifest.Version, set.Name, set.Version, set.Fingerprint, set.FeatureNames),
            Model = model,
            Outputs = new PlainSessions(Log),
            Log = Log,
            Replies = this,
            Metrics = shardMetrics,
            Time = time ?? TimeProvider.System,
            Scheduler = TaskScheduler.Default,
        };
        Shard = new ShardActor(0, Context);
        Shard.Begin(committed, committed ?? 0);
        Shard.Committed(committed ?? 0);
    }

    /// <summary>Where the shard counts.</summary>
    public IMeterFactory Meters => services.GetRequiredService<IMeterFactory>();

    public HeldLog Log { get; } = new();

    public ShardContext Context { get; }

    public ShardActor Shard { get; }

    public MemoryStore Store { get; }

    /// <summary>The partition, as it is read for recovery; what is enqueued is added to it.</summary>
    public MemoryLog Input { get; }

    public List<(long Waiter, byte[]? Score, Rejection? Rejection)> Replies { get; } = [];

    public static FeatureSet Set() => FeatureSet.Parse(new StringReader(Features), "tiny.yaml");

    public static InputRecord Record(long offset, string id, string card = "c-1", long afterMillis = 0, string? json = null, long replyTo = 0) => new(
        offset,
        RecordTime.OfMillis(FirstTime + Math.Max(0, afterMillis)),
        Encoding.UTF8.GetBytes(card),
        Encoding.UTF8.GetBytes(json ?? string.Create(CultureInfo.InvariantCulture, $$"""{"transactionId":"{{id}}","cardId":"{{card}}","amount":10,"eventTime":{{FirstTime + afterMillis}}}""")),
        RecordKind.Transaction,
        null,
        new ReplyTo(0, (UInt128)replyTo),
        0);

    /// <summary>The record is in the log, and the shard has it.</summary>
    public void Enqueue(in InputRecord record)
    {
        Input.Add(record);
        Shard.Enqueue(record);
    }

    /// <summary>Commits what the shard has finished, as the group would.</summary>
    public void Commit()
    {
        if (Shard.CommittableOffset is { } offset)
            Shard.Committed(offset);
    }

    /// <summary>Hands the shard over: it finishes, is committed, and writes its last checkpoint.</summary>
    public async Task HandOverAsync()
    {
        Log.AcknowledgesAtOnce = true;
        Log.AcknowledgeAll();
        Shard.RequestStop();
        await Shard.Drained.WaitAsync(TimeSpan.FromSeconds(30));
        Commit();
        Shard.Finish();
        await Shard.Completion.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Enqueues a record and waits until what it causes was handed to the log: records enqueued like this are batches of their own.</summary>
    public async Task EnqueueAsync(InputRecord record)
    {
        var before = Log.Appended.Count;
        Enqueue(record);
        await Log.ReachedAsync(before + 1);
    }

    /// <summary>Waits until the loop has gone round whole: it has seen every message that was sent before.</summary>
    public async Task SettledAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Shard.Progress.Phase == ShardPhase.Recovering)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        for (var i = 0; i < 2; i++)
        {
            var query = new StatisticsQuery();
            Shard.Ask(query);
            await query.Result.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    public async Task<JsonNode> ScoreAsync(int index)
    {
        await Log.ReachedAsync(index + 1);
        return JsonNode.Parse(Log.Appended[index].Value!)!;
    }

    void IReplyRouter.Scored(in ReplyTo replyTo, byte[]? score) => Replies.Add(((long)replyTo.Call, score, null));

    void IReplyRouter.Rejected(in ReplyTo replyTo, Rejection rejection) => Replies.Add(((long)replyTo.Call, null, rejection));

    public async ValueTask DisposeAsync()
    {
        Log.AcknowledgesAtOnce = true;
        Shard.RequestStop();
        Log.AcknowledgeAll();
        Store.ReleaseWrites();
        Shard.Finish();
        await Shard.Completion.ContinueWith(static _ => { }, TaskScheduler.Default).WaitAsync(TimeSpan.FromSeconds(30));
        await model.DisposeAsync();
        await services.DisposeAsync();
    }
}
