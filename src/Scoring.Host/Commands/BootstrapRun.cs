using System.Globalization;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Host.Options;
using Scoring.Kafka;
using Scoring.Models.Features;
using Scoring.Models.Files;
using Scoring.Models.Wire;

namespace Scoring.Host.Commands;

/// <summary>
/// Makes the shards' checkpoints from history. Of a file, each row goes to the shard that its user's records go to, all shards
/// at once; of a topic, one shard is made after the other. In memory are at most <see cref="StateOptions.MaxEntitiesInMemory"/>
/// entities of each shard that is being made, and the labels that are not known yet.
/// </summary>
internal sealed class BootstrapRun
{
    private const int ReportedErrors = 100;
    private const int RowsPerProgress = 65_536;

    private readonly BootstrapSettings settings;
    private readonly ScoringOptions options;
    private readonly FeatureSet features;
    private readonly ISnapshotStore store;
    private readonly Func<string, KafkaLogReader> logOf;
    private readonly TextWriter messages;
    private readonly List<ShardBootstrap> shards = [];
    private long bad;
    private long odd;

    /// <summary>Makes the run.</summary>
    /// <param name="settings">What was asked for.</param>
    /// <param name="options">The service's options.</param>
    /// <param name="features">Its feature set.</param>
    /// <param name="store">Where the checkpoints go.</param>
    /// <param name="logOf">Reads a topic.</param>
    /// <param name="messages">Where progress and the report go.</param>
    internal BootstrapRun(BootstrapSettings settings, ScoringOptions options, FeatureSet features, ISnapshotStore store, Func<string, KafkaLogReader> logOf, TextWriter messages)
    {
        this.settings = settings;
        this.options = options;
        this.features = features;
        this.store = store;
        this.logOf = logOf;
        this.messages = messages;
    }

    /// <summary>Makes the checkpoints.</summary>
    /// <param name="group">The service's group.</param>
    /// <param name="cancellation">Gives up; what is begun stays unfinished, and no shard can live on it.</param>
    /// <exception cref="BootstrapException">It may not be made, or a bad row was to end it.</exception>
    internal async Task ExecuteAsync(IGroupClient group, CancellationToken cancellation)
    {
        var inputLog = options.Topics.Resolved().Transactions;
        var map = settings.IsTopic ? null : ReadMap();
        if (map is not null)
            CheckFile(map);
        var history = settings.IsTopic ? await HistoryAsync(settings.TopicName ?? inputLog, inputLog, cancellation) : null;
        var offsets = await new BootstrapPlan(options, logOf(inputLog), group, store, TimeProvider.System).PrepareAsync(settings, cancellation);
        var owner = new ShardOwner($"{options.NodeId} (bootstrap)", null);
        foreach (var (partition, offset) in offsets.Index())
        {
            var stage = new EntityStage(features, options.Decode.ForHistory(), options.Entities, new LogPlace(partition, offsets.Count));
            shards.Add(new ShardBootstrap(partition, offset, stage, store, options.State));
            await shards[partition].BeginAsync(owner, cancellation);
            if (history is null)
                continue;
            await PlayAsync(shards[partition], history, partition, settings.TopicName is null ? offset : null, cancellation);
            await CompleteAsync(partition, offset, cancellation);
            shards[partition] = null!;
        }

        if (map is null)
            return;
        await PlayFileAsync(map, cancellation);
        foreach (var (partition, offset) in offsets.Index())
            await CompleteAsync(partition, offset, cancellation);
    }

    // Before anything is stored: shards that were made of nothing would say that they are warm.
    private void CheckFile(EventFileMap map)
    {
        using var events = new EventFile(settings.Input, map, options.Decode);
        while (events.Reader.Read(out var row))
        {
            if (row.Error is null)
                return;
        }

        throw new BootstrapException($"{settings.Input} {events.Reader.WhyNoEvents}");
    }

    private async Task PlayFileAsync(EventFileMap map, CancellationToken cancellation)
    {
        try
        {
            await PlayAsync(map, cancellation);
        }
        catch (Exception e) when (e is BootstrapException or EventFileException or IOException or UnauthorizedAccessException)
        {
            throw new BootstrapException($"{e.Message}\nno shard can live on what was begun: begin again with --replace");
        }
    }

    private EventFileMap ReadMap()
    {
        using var text = (settings.Map ?? throw new BootstrapException("--map is missing: it says how the file's columns become events")).OpenText();
        return EventFileMap.Parse(text, settings.Map.ToString()).WithLabel(settings.LabelColumn, settings.LabelDelay);
    }

    // Another topic stands for the input log's past only if a user's records are in the partition of the same number.
    private async Task<KafkaLogReader> HistoryAsync(string topic, string inputLog, CancellationToken cancellation)
    {
        var history = logOf(topic);
        if (topic == inputLog)
            return history;
        var (here, there) = (await logOf(inputLog).PartitionCountAsync(cancellation), await history.PartitionCountAsync(cancellation));
        return here == there ? history : throw new BootstrapException($"{topic} has {there} partitions and {inputLog} has {here}: a user's history would be in another shard; write it to a file, or to a topic of {here} partitions");
    }

    private async Task PlayAsync(ShardBootstrap shard, KafkaLogReader history, int partition, long? end, CancellationToken cancellation)
    {
        var (low, high) = await history.BoundsAsync(partition, cancellation);
        var misplaced = 0L;
        var partitions = await history.PartitionCountAsync(cancellation);
        await foreach (var record in history.ReadAsync(partition, low, end ?? high, cancellation))
        {
            if (record.Key is not null && settings.TopicName is not null && Murmur2.Partition(record.Key, partitions) != partition)
                misplaced++;
            await shard.ApplyAsync(record, cancellation);
        }

        if (misplaced > 0)
            throw new BootstrapException($"{misplaced} records of partition {partition} have keys that murmur2 puts into others: the topic was partitioned in another way than the input log, and its users' history would be in the wrong shards");
    }

    private async Task PlayAsync(EventFileMap map, CancellationToken cancellation)
    {
        using var events = new EventFile(settings.Input, map, options.Decode);
        var labels = new PendingLabels(features, map, events.Reader);
        for (var rows = 1L; labels.Read(out var row); rows++)
        {
            if (row.Error is null)
                await ApplyAsync(row, labels, cancellation);
            else
                Report(row);
            if (rows % RowsPerProgress == 0)
                await messages.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows, {(100.0 * events.Position) / Math.Max(1, events.Length):F0} % of the file, {shards.Sum(s => (long)s.Engine.EntitiesInMemory):N0} entities in memory"));
        }

        foreach (var note in events.Reader.Notes)
            await messages.WriteLineAsync($"note: {note}");
        await messages.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"bad rows {events.Reader.BadRows:N0}, left out {events.Reader.RowsLeftOut:N0}, labels not known yet at the end of the file {labels.Count:N0}: send those to the topic {options.Topics.Resolved().Labels}"));
    }

    // As replay does: what is known by now comes before the transaction.
    private async ValueTask ApplyAsync(EventFileRow row, PendingLabels labels, CancellationToken cancellation)
    {
        var knownBy = labels.KnownBy(ref row, out var oddness);
        if (oddness is not null && ++odd <= ReportedErrors)
            await messages.WriteLineAsync($"{settings.Input}:{row.Line}: {oddness}");
        while (labels.TryTake(knownBy, out var known))
            await ShardOf(known).ApplyLabelAsync(known, true, cancellation);
        if (!await ShardOf(row.Transaction).ApplyAsync(row.Transaction, cancellation))
            return;
        if (row.IsFraud == true)
            labels.Add(row.Transaction);
    }

    private ShardBootstrap ShardOf(in Transaction transaction) => shards[Murmur2.Partition(transaction.UserId, shards.Count)];

    private void Report(in EventFileRow row)
    {
        if (settings.FailOnError)
            throw new BootstrapException($"{settings.Input}:{row.Line}: {row.Error}");
        if (++bad <= ReportedErrors)
            messages.WriteLine($"{settings.Input}:{row.Line}: skipped: {row.Error}");
        if (bad == ReportedErrors)
            messages.WriteLine("further bad rows are only counted");
    }

    private async Task CompleteAsync(int partition, long offset, CancellationToken cancellation)
    {
        var shard = shards[partition];
        await shard.CompleteAsync(cancellation);
        var counts = shard.Counts;
        await messages.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"shard {partition} at offset {offset}: transactions {counts.Transactions:N0}, duplicates {counts.Duplicates:N0} (with another body {counts.Conflicts:N0}), late {counts.Late:N0}, labels {counts.Labels:N0}, not valid {counts.Rejected:N0}, rows written {counts.RowsWritten:N0}, read again {counts.RowsLoaded:N0}, newest event {Time(shard.Engine.WatermarkMicros)}, all windows warm from {Time(counts.Transactions == 0 ? null : WarmSince(shard.Engine))} on"));
    }

    private static long? WarmSince(FeatureEngine engine) => Enumerable.Range(0, engine.Set.FeatureNames.Count).Max(engine.WarmSinceMicros);

    private static string Time(long? micros) =>
        micros is null or long.MinValue ? "(none)" : DateTimeOffset.UnixEpoch.AddTicks(micros.Value * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
