using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Scoring.Actors.Entities;
using Scoring.Actors.Messages;
using Scoring.Actors.Parts;
using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Actors.Telemetry;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>
/// The engine whose partitions are shared out by a consumer group. It owns the member of the group, the shards, what wakes and reports them
/// and, where outputs and offsets are committed together, their transactions.
/// </summary>
public sealed class KafkaShardEngine : IShardEngine, IAsyncDisposable
{
    private readonly ShardContext context;
    private readonly KafkaLogReader reader;
    private readonly ISnapshotStore store;
    private readonly string groupId;
    private readonly IMeterFactory meters;
    private readonly ILoggerFactory loggers;
    private readonly TransactionalLog? transactions;
    private readonly ShardSet shards;
    private readonly KafkaSource source;
    private ShardClock? clock;
    private ShardReporter? reporter;
    private Task? stopping;

    /// <summary>Puts it together; <see cref="StartAsync"/> joins the group.</summary>
    /// <param name="context">What the shards work with; their outputs go by transactions instead where those are wanted.</param>
    /// <param name="reader">Reads the input log beside the group.</param>
    /// <param name="store">Where the shards are reported.</param>
    /// <param name="source">How the input log is read.</param>
    /// <param name="output">How outputs are appended.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="loggers">Where its parts log.</param>
    public KafkaShardEngine(
        ShardContext context,
        KafkaLogReader reader,
        ISnapshotStore store,
        IOptions<SourceOptions> source,
        IOptions<KafkaOutputOptions> output,
        IMeterFactory meters,
        ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(meters);
        this.reader = reader;
        this.store = store;
        this.meters = meters;
        this.loggers = loggers;
        groupId = source.Value.GroupId;
        transactions = output.Value.Guarantee == Guarantee.ExactlyOnce ? Transactions(context, output.Value) : null;
        this.context = transactions is null ? context : context with { Outputs = transactions };
        shards = new ShardSet(this.context);
        this.source = new KafkaSource(source.Value, context.Topics.Transactions, context.Options.MailboxRecords, Owner.NodeId, shards, transactions, context.Time, meters, loggers);
        Observe(meters.Create(ScoringMeter.Name));
    }

    /// <inheritdoc/>
    public ShardOwner Owner => context.Owner;

    /// <inheritdoc/>
    public int? InputPartitions { get; private set; }

    /// <inheritdoc/>
    public Task Joined => source.Joined;

    /// <inheritdoc/>
    public Task Completion => source.Completion;

    /// <inheritdoc/>
    public string? StoreAway => context.Store.Away;

    /// <inheritdoc/>
    public async Task StartAsync(Uri? address, CancellationToken cancellation)
    {
        context.Owner = new ShardOwner(Owner.NodeId, address);
        var partitions = await reader.PartitionCountAsync(cancellation);
        var identity = new LogIdentity(context.Topics.Transactions, "", partitions, groupId);
        await context.Store.CallAsync(
            async (s, cancel) =>
            {
                await s.PrepareAsync(identity, cancel);
                return true;
            },
            cancellation);
        // A member that joins only to leave costs the others two rebalances.
        cancellation.ThrowIfCancellationRequested();
        InputPartitions = context.Partitions = partitions;
        clock = new ShardClock(shards, context, meters);
        reporter = new ShardReporter(shards, source.Partitions, store, context, meters, loggers.CreateLogger<ShardReporter>());
        source.Start();
    }

    /// <inheritdoc/>
    public Task StopAsync() => stopping ??= StopSteps.RunAsync(
        () => clock?.DisposeAsync().AsTask() ?? Task.CompletedTask,
        () => reporter?.DisposeAsync().AsTask() ?? Task.CompletedTask,
        source.StopAsync);

    /// <summary>Stops if that was not done yet, and closes the clients, unless the group's had to be left behind.</summary>
    public async ValueTask DisposeAsync()
    {
        // A failure is told by StopAsync; here it must not keep the clients open.
        await StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await source.DisposeAsync();
        transactions?.Dispose();
    }

    /// <inheritdoc/>
    public void Halt(string code) => source.Halt(code);

    /// <inheritdoc/>
    public IReadOnlyList<PartitionState> Partitions() => source.Partitions();

    /// <inheritdoc/>
    public IReadOnlyList<ShardState> Shards() => [.. shards.Shards.Select(s => new ShardState(s.Partition, s.Progress))];

    /// <inheritdoc/>
    public bool TryReadCard(int partition, string cardId, IReadOnlyList<string> userIds, [NotNullWhen(true)] out Task<IReadOnlyList<CardFeatures>?>? features)
    {
        var query = new CardQuery(cardId, userIds);
        features = TryAsk(partition, query) ? AnswerAsync(query) : null;
        return features is not null;
    }

    /// <inheritdoc/>
    public Task<ShardRead?> DescribeAsync(int partition) => Task.FromResult<ShardRead?>(null);

    /// <inheritdoc/>
    public bool TryReadStatistics(int partition, [NotNullWhen(true)] out Task<IReadOnlyList<EntityStatistics>>? statistics)
    {
        var query = new StatisticsQuery();
        statistics = TryAsk(partition, query) ? query.Result : null;
        return statistics is not null;
    }

    private static async Task<IReadOnlyList<CardFeatures>?> AnswerAsync(CardQuery query)
    {
        var found = await query.Result;
        return query.IsRefused ? null : found;
    }

    private static Measurement<long> Of(int partition, long value) => new(value, KeyValuePair.Create<string, object?>("partition", partition));

    private bool TryAsk(int partition, ShardQuery query)
    {
        if (shards.Shards.FirstOrDefault(s => s.Partition == partition) is not { } shard)
            return false;
        shard.Ask(query);
        return true;
    }

    private TransactionalLog Transactions(ShardContext plain, KafkaOutputOptions output) => new(
        () => new KafkaTransactionalClient(
            output,
            $"{groupId}-{plain.Owner.NodeId}",
            plain.Topics.Transactions,
            () => source!.Member,
            loggers.CreateLogger<KafkaTransactionalClient>()),
        plain.Time,
        meters,
        loggers.CreateLogger<TransactionalLog>());

    private void Observe(Meter meter)
    {
        meter.CreateObservableGauge("scoring.shard.waiting", () => shards.Shards.Select(s => Of(s.Partition, s.Waiting)), "{record}", "Records in a shard's mailbox");
        meter.CreateObservableGauge("scoring.shard.events_dropped", () => shards.Shards.Select(s => Of(s.Partition, s.Progress.EventsDropped)), "{event}", "Events that left a window early because their entity held as many as it may");
        meter.CreateObservableGauge("scoring.shard.lag", () => source.Partitions().Where(p => p.Lag is not null).Select(p => Of(p.Partition, p.Lag!.Value)), "{record}", "Records of a partition that are not committed yet");
        meter.CreateObservableGauge(
            "scoring.shard.watermark",
            () => shards.Shards.Where(s => s.Progress.WatermarkMicros is not null).Select(s => Of(s.Partition, s.Progress.WatermarkMicros!.Value / EventTime.MicrosPerSecond)),
            "s",
            "A shard's watermark, in seconds since 1970");
    }
}
