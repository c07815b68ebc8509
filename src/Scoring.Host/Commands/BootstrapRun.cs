using System.Globalization;
using System.Security.Cryptography;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Partitions;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Host.Options;
using Scoring.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Models.Features;
using Scoring.Models.Files;
using Scoring.Models.Wire;

namespace Scoring.Host.Commands;

/// <summary>
/// Makes the partitions' checkpoints from history. Of a file, each row goes to the partition that its user's records go to, all
/// at once; of a topic, one partition is made after the other. In memory are at most <see cref="StateOptions.MaxEntitiesInMemory"/>
/// cardholders of each partition that is being made, and the labels that are not known yet.
/// </summary>
internal sealed class BootstrapRun
{
    private const int ReportedErrors = 100;
    private const int RowsPerProgress = 65_536;

    private readonly BootstrapSettings settings;
    private readonly ScoringOptions options;
    private readonly FeatureSet features;
    private readonly BootstrapStore store;
    private readonly Func<string, KafkaLogReader> logOf;
    private readonly TextWriter messages;
    private readonly List<PartitionBootstrap> partitions = [];
    private long bad;
    private long odd;

    /// <summary>Makes the run.</summary>
    /// <param name="settings">What was asked for.</param>
    /// <param name="options">The service's options.</param>
    /// <param name="features">Its feature set.</param>
    /// <param name="store">Where the checkpoints go.</param>
    /// <param name="logOf">Reads a topic.</param>
    /// <param name="messages">Where progress and the report go.</param>
    internal BootstrapRun(BootstrapSettings settings, ScoringOptions options, FeatureSet features, BootstrapStore store, Func<string, KafkaLogReader> logOf, TextWriter messages)
    {
        this.settings = settings;
        this.options = options;
        this.features = features;
        this.store = store;
        this.logOf = logOf;
        this.messages = messages;
    }

    /// <summary>Makes the checkpoints.</summary>
    /// <param name="group">The offsets of the service's group.</param>
    /// <param name="cancellation">Gives up; what is begun stays unfinished, and no partition can live on it.</param>
    /// <exception cref="BootstrapException">It may not be made, or a bad row was to end it.</exception>
    internal async Task ExecuteAsync(IOffsetClient group, CancellationToken cancellation)
    {
        var inputLog = options.Topics.Resolved().Transactions;
        var map = settings.IsTopic ? null : ReadMap();
        if (map is not null)
            CheckFile(map);
        var history = settings.IsTopic ? await HistoryAsync(settings.TopicName ?? inputLog, inputLog, cancellation) : null;
        var places = await new BootstrapPlan(options, logOf(inputLog), group, store, TimeProvider.System).PrepareAsync(settings, cancellation);
        var compiled = new CompiledFeatures(features, new FeatureEngineOptions { DuplicateHorizon = options.Entities.DuplicateHorizon, LocalEntitiesOnly = true });
        foreach (var place in places)
            partitions.Add(new PartitionBootstrap(place, compiled, options.Decode.ForHistory(), options.State, store));
        await TakeOverAsync(places, cancellation);
        if (map is not null)
            await PlayFileAsync(map, cancellation);
        foreach (var (partition, place) in places.Index())
        {
            if (history is not null)
                await PlayAsync(partitions[partition], history, partition, settings.TopicName is null ? place.Offset : null, cancellation);
            await CompleteAsync(partition, place.Offset, cancellation);
            partitions[partition] = null!;
        }
    }

    // All of them before the first row: whoever runs is given the time to find out once.
    private async Task TakeOverAsync(IReadOnlyList<BootstrapPlace> places, CancellationToken cancellation)
    {
        var isOwned = false;
        foreach (var partition in partitions)
            isOwned |= await partition.FenceAsync(options.NodeId, BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))), cancellation);
        foreach (var partition in partitions)
            await partition.BeginAsync();
        if (isOwned)
            await Task.Delay(PartitionBootstrap.OwnerPatience, TimeProvider.System, cancellation);
        await store.ForgetAsync([.. places.Select(p => new PartitionIds(p.Partition))], cancellation);
    }

    // Before anything is stored: partitions that were made of nothing would say that they are warm.
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
            throw new BootstrapException($"{e.Message}\nno partition can live on what was begun: begin again with --replace");
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
        return here == there ? history : throw new BootstrapException($"{topic} has {there} partitions and {inputLog} has {here}: a user's history would be in another partition; write it to a file, or to a topic of {here} partitions");
    }

    private async Task PlayAsync(PartitionBootstrap bootstrap, KafkaLogReader history, int partition, long? end, CancellationToken cancellation)
    {
        var (low, high) = await history.BoundsAsync(partition, cancellation);
        var misplaced = 0L;
        await foreach (var record in history.ReadAsync(partition, low, end ?? high, cancellation))
        {
            if (record.Key is not null && settings.TopicName is not null && Murmur2.Partition(record.Key, partitions.Count) != partition)
                misplaced++;
            await bootstrap.ApplyAsync(record, cancellation);
        }

        if (misplaced > 0)
            throw new BootstrapException($"{misplaced} records of partition {partition} have keys that murmur2 puts into others: the topic was partitioned in another way than the input log, and its users' history would be in the wrong partitions");
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
                await messages.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{rows:N0} rows, {(100.0 * events.Position) / Math.Max(1, events.Length):F0} % of the file, {partitions.Sum(p => (long)p.InMemory):N0} cardholders in memory"));
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
            await PartitionOf(known).ApplyLabelAsync(known, true, cancellation);
        if (row.IsFraud != true)
            await PartitionOf(row.Transaction).AddAsync(row.Transaction, cancellation);
        else if (await PartitionOf(row.Transaction).ApplyAsync(row.Transaction, cancellation))
            labels.Add(row.Transaction);
    }

    private PartitionBootstrap PartitionOf(in Transaction transaction) => partitions[Murmur2.Partition(transaction.UserId, partitions.Count)];

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
        var bootstrap = partitions[partition];
        await bootstrap.CompleteAsync(cancellation);
        var counts = bootstrap.Counts;
        await messages.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"partition {partition} at offset {offset}: transactions {counts.Transactions:N0}, duplicates {counts.Duplicates:N0} (with another body {counts.Conflicts:N0}), late {counts.Late:N0}, labels {counts.Labels:N0}, not valid {counts.Rejected:N0}, rows written {counts.RowsWritten:N0}, read again {counts.RowsLoaded:N0}, newest event {Time(bootstrap.Marks.Time.WatermarkMicros)}, all windows warm from {Time(counts.Transactions == 0 ? null : WarmSince(bootstrap.Marks.History))} on"));
    }

    private long? WarmSince(WindowHistory history) => Enumerable.Range(0, features.FeatureNames.Count).Max(history.WarmSinceMicros);

    private static string Time(long? micros) =>
        micros is null or long.MinValue ? "(none)" : DateTimeOffset.UnixEpoch.AddTicks(micros.Value * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
