using System.Globalization;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Log;
using Scoring.Actors.Pipeline;
using Scoring.Actors.Source;
using Scoring.Actors.Sql;
using Scoring.Kafka;

namespace Scoring.Benchmarks.State;

/// <summary>
/// Measures how long a shard takes from its assignment to its first live score, by how many cards it has: 10,000 records
/// over as many cards that are not in memory are between its checkpoint and the group's offset. The shard, the model and
/// the stores are the real ones; the log is in memory, and once more a topic of the embedded broker.
/// </summary>
internal static class RecoveryRun
{
    private const int Records = 10_000;
    private const int Runs = 3;
    private const int Seed = 11;
    private const int SmallestCards = 10_000;
    private const int Growth = 10;
    private const long MicrosBetween = 1_000;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    internal static async Task RunAsync(int cards)
    {
        foreach (var provider in Enum.GetValues<SqlProvider>())
        {
            await using var store = await BenchStore.OpenAsync(provider, partitions: 1);
            var random = new Random(Seed);
            var filled = 0;
            var bytes = 0L;
            for (var size = Math.Min(SmallestCards, cards); filled < cards; size = Math.Min(size * Growth, cards))
            {
                var began = TimeProvider.System.GetTimestamp();
                bytes += await BenchCards.FillAsync(store.Store, 0, filled, size);
                Say($"{provider}: {size - filled:N0} cards and their users added in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:N0} s; a card and its user have {bytes / (double)size:N0} bytes of state");
                filled = size;
                for (var run = 0; run < Runs; run++)
                    Say($"{provider}: {size:N0} cards, {Records:N0} records to replay over {Records:N0} cards: {await InMemoryLogAsync(store, random, size):N2} s from assignment to the first live score");
                await store.ForgetCachesAsync();
                Say($"{provider}: {size:N0} cards, no cache holds anything of the store: {await InMemoryLogAsync(store, random, size):N2} s");
            }

            Say($"{provider}: {filled:N0} cards, the log in the embedded broker: {await EmbeddedLogAsync(store, random, filled):N2} s");
        }
    }

    private static Task<double> InMemoryLogAsync(BenchStore store, Random random, int cards)
    {
        var records = Prepare(random, cards);
        return FirstScoreAsync(store, new PreparedLog(records), records[^1]);
    }

    private static async Task<double> EmbeddedLogAsync(BenchStore store, Random random, int cards)
    {
        const string Topic = "transactions";
        using var broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions { Partitions = 1, Topics = [Topic] });
        var records = Prepare(random, cards);
        using (var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = broker.BootstrapServers }).Build())
        {
            foreach (var record in records)
                producer.Produce(Topic, new Message<byte[], byte[]> { Key = record.Key!, Value = record.Value!, Timestamp = new Timestamp(record.Time.Micros / 1_000, TimestampType.CreateTime) });
            producer.Flush(CancellationToken.None);
        }

        var options = new SourceOptions { BootstrapServers = broker.BootstrapServers, FetchWait = TimeSpan.FromMilliseconds(2) };
        return await FirstScoreAsync(store, new KafkaLogReader(options, Topic, TimeProvider.System, TaskScheduler.Default, NullLogger<KafkaLogReader>.Instance), records[^1]);
    }

    // The first live record waits from the start on, as it does in the log.
    private static async Task<double> FirstScoreAsync(BenchStore store, ILogReader log, InputRecord live)
    {
        await using var node = new BenchNode(store.Store, store.Options);
        var first = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var assigned = TimeProvider.System.GetTimestamp();
        var shard = node.Open(0, log, new ScoreTimes((_, at) => first.TrySetResult(at)));
        shard.Begin(live.Offset, live.Offset);
        shard.Enqueue(live);
        if (await Task.WhenAny(first.Task, shard.Completion).WaitAsync(Limit) == shard.Completion || shard.Progress.Phase != ShardPhase.Live)
            throw new InvalidOperationException($"the shard is {shard.Progress.Phase} ({shard.Progress.Down})");
        if (shard.Progress.Entities < 2 * live.Offset)
            throw new InvalidOperationException($"{shard.Progress.Entities} entities were loaded, not the card and the user of each of {live.Offset} records");
        // Dropped, so that the checkpoint stays where it is.
        shard.Abandon();
        await shard.Completion;
        return TimeProvider.System.GetElapsedTime(assigned, await first.Task).TotalSeconds;
    }

    // Those to replay, and a live one of yet another card.
    private static List<InputRecord> Prepare(Random random, int cards)
    {
        var chosen = new HashSet<int>();
        while (chosen.Count < Math.Min(Records, cards))
            chosen.Add(random.Next(cards));
        var replayed = chosen.Select((card, i) => BenchCards.Record(i, card, i * MicrosBetween)).ToList();
        replayed.Add(BenchCards.Record(replayed.Count, random.Next(cards), Records * MicrosBetween));
        return replayed;
    }

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
