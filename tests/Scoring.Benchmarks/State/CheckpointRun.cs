using System.Diagnostics;
using System.Globalization;
using Scoring.Actors.Log;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Sql;
using Scoring.Actors.State;
using Scoring.Producer.Collect;
using Scoring.Producer.Load;

namespace Scoring.Benchmarks.State;

/// <summary>
/// Measures what checkpoints cost the transactions that pass meanwhile: one shard with 5,000 of them a second, sent at times
/// fixed in advance, with the default checkpoints and with none, by turns. The latency is from the time at which a
/// transaction was to be sent until its score is appended; the log is in memory and acknowledges at once. PostgreSQL runs at
/// the lowest priority: in production it has cores of its own.
/// </summary>
internal static class CheckpointRun
{
    internal const int DefaultSeconds = 20;

    private const int Rate = 5_000;
    private const int Cards = 50_000;
    private const int Pairs = 3;
    private const int WarmSeconds = 3;
    private const int CommitsPerSecond = 10;
    private const int MostWaiting = 2_000;
    private const int Seed = 13;

    private static readonly Pacer Pacer = new(TimeProvider.System);

    internal static async Task RunAsync(int seconds)
    {
        foreach (var provider in Enum.GetValues<SqlProvider>())
        {
            await using var store = await BenchStore.OpenAsync(provider, 1 + (2 * Pairs), isServerBackground: true);
            await TurnAsync(store, provider, 0, checkpoints: true, WarmSeconds);
            var (without, with) = (new List<long>(), new List<long>());
            for (var turn = 1; turn <= 2 * Pairs; turn++)
            {
                // Without and with, then with and without: a trend of the machine's is in both.
                var checkpoints = turn % 4 is 2 or 3;
                (checkpoints ? with : without).Add(await TurnAsync(store, provider, turn, checkpoints, seconds));
            }

            Say($"{provider}: median p99 of the turns with checkpoints {Median(with):N0} us, without {Median(without):N0} us: {Median(with) / (double)Median(without):N2} times");
        }
    }

    /// <returns>The p99 in microseconds.</returns>
    private static async Task<long> TurnAsync(BenchStore store, SqlProvider provider, int partition, bool checkpoints, int seconds)
    {
        await BenchCards.FillAsync(store.Store, partition, 0, Cards);
        var records = Records(partition, (WarmSeconds + seconds) * Rate);
        var measured = records.Length - (seconds * Rate);
        var start = long.MaxValue;
        var latencies = new LatencyHistogram();
        void Scored(long number, long at)
        {
            if (number >= measured)
                latencies.Record((long)TimeProvider.System.GetElapsedTime(Intended(start, number - measured), at).TotalMicroseconds);
        }

        await using var node = new BenchNode(store.Store, checkpoints ? store.Options : Never(store.Options));
        var scores = new ScoreTimes(Scored);
        var shard = node.Open(partition, new PreparedLog([]), scores);
        shard.Begin(0, 0);
        Fill(shard, records.AsSpan(0, Cards));
        Send(shard, records.AsSpan(Cards, WarmSeconds * Rate), TimeProvider.System.GetTimestamp());
        Volatile.Write(ref start, TimeProvider.System.GetTimestamp());
        var (before, server, paused) = (Own(), store.ServerTime(), GC.GetTotalPauseDuration());
        var written = Send(shard, records.AsSpan(measured), start);
        while (scores.Scores < records.Length && !shard.Completion.IsCompleted)
            Pause();
        var used = (Own() - before).TotalMicroseconds / (seconds * Rate);
        var usedByServer = (store.ServerTime() - server).TotalMicroseconds / (seconds * Rate);
        var collecting = GC.GetTotalPauseDuration() - paused;
        shard.Abandon();
        await shard.Completion;
        Say($"{provider}: {(checkpoints ? "with" : "without")} checkpoints ({written} durable in {seconds} s): p50 {latencies.Percentile(50):N0}, p90 {latencies.Percentile(90):N0}, p99 {latencies.Percentile(99):N0}, p99.9 {latencies.Percentile(99.9):N0}, max {latencies.Max:N0} us; processor {used:N1} us a transaction here, {usedByServer:N1} in the server; collector's pauses {collecting.TotalMilliseconds:N0} ms in all; load average {Load()}");
        return latencies.Percentile(99);
    }

    private static StateOptions Never(StateOptions options) =>
        options with { CheckpointInterval = TimeSpan.FromDays(1), CheckpointBytes = 1 << 30, MaxDirtyEntities = 10_000_000 };

    // Each card once, so that all are in memory; then any.
    private static InputRecord[] Records(int partition, int count)
    {
        var random = new Random(Seed + partition);
        return [.. Enumerable.Range(0, Cards + count).Select(i => BenchCards.Record(i, i < Cards ? i : random.Next(Cards), i * (1_000_000L / Rate)))];
    }

    private static void Fill(ShardActor shard, ReadOnlySpan<InputRecord> records)
    {
        foreach (ref readonly var record in records)
        {
            shard.Enqueue(record);
            while (shard.Waiting > MostWaiting)
            {
                Commit(shard);
                Pause();
            }
        }
    }

    /// <returns>How many checkpoints became durable meanwhile.</returns>
    private static int Send(ShardActor shard, ReadOnlySpan<InputRecord> records, long start)
    {
        var (written, last) = (0, shard.Progress.CheckpointAt);
        for (var i = 0; i < records.Length; i++)
        {
            Pacer.WaitUntil(Intended(start, i), CancellationToken.None);
            shard.Enqueue(records[i]);
            if (i % (Rate / CommitsPerSecond) != 0)
                continue;
            Commit(shard);
            written += shard.Progress.CheckpointAt != last ? 1 : 0;
            last = shard.Progress.CheckpointAt;
        }

        return written;
    }

    private static void Commit(ShardActor shard)
    {
        if (shard.CommittableOffset is { } offset)
            shard.Committed(offset);
    }

    private static long Intended(long start, long number) => start + (number * TimeProvider.System.TimestampFrequency / Rate);

    private static void Pause() => Pacer.WaitUntil(TimeProvider.System.GetTimestamp() + (TimeProvider.System.TimestampFrequency / 1_000), CancellationToken.None);

    private static TimeSpan Own()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    private static long Median(List<long> values) => values.Order().ElementAt(values.Count / 2);

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
