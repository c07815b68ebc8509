using System.Diagnostics;
using System.Globalization;
using System.Text;
using Scoring.Actors.Ledger;
using Scoring.Actors.Sql;
using Scoring.Actors.State;
using Scoring.Models.Wire;
using Scoring.Servers;

namespace Scoring.Benchmarks.State;

/// <summary>
/// Measures the snapshot stores and the ledgers on files of this machine: checkpoints of new and of known entities,
/// loads on first touch by batch size, and rows of the ledger. PostgreSQL runs beside, durable as in production.
/// </summary>
internal static class StateRun
{
    private const int Partition = 0;
    private const int StateBytes = 1_200;
    private const int LedgerBatch = 2_000;
    private const int LedgerBatches = 50;
    private const int Seed = 7;

    private static readonly int[] CheckpointSizes = [1_000, 10_000, 50_000];
    private static readonly int[] LoadSizes = [1, 16, 256, 1_024, 10_000];

    internal static async Task RunAsync(int entities)
    {
        var folder = Directory.CreateTempSubdirectory("scoring-bench-");
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { IsDurable = true });
        try
        {
            foreach (var provider in Enum.GetValues<SqlProvider>())
            {
                await StoreAsync(provider, folder.FullName, server, entities);
                Ledger(provider, folder.FullName, server);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task StoreAsync(SqlProvider provider, string folder, PostgresServer server, int entities)
    {
        using var meters = new BenchMeters();
        var options = new StateOptions
        {
            Provider = provider,
            Path = Path.Combine(folder, "state.db"),
            ConnectionString = provider == SqlProvider.Postgres ? server.ConnectionString : "",
            CommandTimeout = TimeSpan.FromMinutes(1),
        };
        await using var store = SnapshotStores.Open(options, TaskScheduler.Default, TimeProvider.System, meters);
        await store.PrepareAsync(new LogIdentity("transactions", "", 1, "bench"), CancellationToken.None);
        var epoch = (await store.AcquireAsync(Partition, new ShardOwner("bench", null), CancellationToken.None)).Epoch;
        var random = new Random(Seed);
        var offset = 0L;

        var filling = Stopwatch.StartNew();
        for (var from = 0; from < entities; from += CheckpointSizes[1])
            await WriteAsync(store, epoch, ++offset, Enumerable.Range(from, Math.Min(CheckpointSizes[1], entities - from)), random);
        Say($"{provider}: {entities:N0} new entities of {StateBytes} bytes in checkpoints of {CheckpointSizes[1]:N0}: {entities / filling.Elapsed.TotalSeconds:N0} entities/s");

        foreach (var size in CheckpointSizes.Where(s => s <= entities))
        {
            var took = new List<double>();
            for (var run = 0; run < 5; run++)
            {
                var numbers = Numbers(random, size, entities);
                var watch = Stopwatch.StartNew();
                await WriteAsync(store, epoch, ++offset, numbers, random);
                took.Add(watch.Elapsed.TotalSeconds);
            }

            Say($"{provider}: checkpoint of {size:N0} known entities: {size / Median(took):N0} entities/s, {Median(took) * 1_000:N0} ms");
        }

        foreach (var size in LoadSizes.Where(s => s <= entities))
            await LoadAsync(provider, store, size, entities, random);
    }

    private static async Task LoadAsync(SqlProvider provider, ISnapshotStore store, int size, int entities, Random random)
    {
        var took = new List<double>();
        for (var run = 0; run < Math.Clamp(20_000 / size, 5, 200); run++)
        {
            var keys = Numbers(random, size, entities).Select(n => new EntityKey("card", Key(n))).ToList();
            var watch = Stopwatch.StartNew();
            var rows = await store.LoadAsync(Partition, keys, CancellationToken.None);
            took.Add(watch.Elapsed.TotalMilliseconds);
            if (rows.Rows.Count != size)
                throw new InvalidOperationException($"{rows.Rows.Count} of {size} entities were found");
        }

        Say($"{provider}: load of {size:N0} entities on first touch: median {Median(took):N2} ms, slowest {took.Max():N2} ms, {Median(took) * 1_000 / size:N1} us each");
    }

    private static void Ledger(SqlProvider provider, string folder, PostgresServer server)
    {
        using var ledger = ScoreLedgers.Open(new LedgerOptions
        {
            Provider = provider,
            Path = Path.Combine(folder, "ledger.db"),
            ConnectionString = provider == SqlProvider.Postgres ? server.ConnectionString : "",
        });
        ledger.NextOffset("scores", Partition);
        var record = Encoding.UTF8.GetBytes(new string('x', 450));
        var random = new Random(Seed);
        var watch = Stopwatch.StartNew();
        for (var batch = 0; batch < LedgerBatches; batch++)
        {
            var from = (long)batch * LedgerBatch;
            var rows = Enumerable.Range(0, LedgerBatch).Select(i => new LedgerRow(new ScoreKeys($"t-{from + i}", $"c-{random.Next(100_000)}", $"u-{random.Next(50_000)}", (from + i) * 1_000, null), record, from)).ToList();
            ledger.Write(rows, "scores", [new LedgerStep(Partition, from == 0 ? null : from, from + LedgerBatch)]);
        }

        Say($"{provider}: ledger, {LedgerBatches * LedgerBatch:N0} scores of {record.Length} bytes in batches of {LedgerBatch:N0}: {LedgerBatches * LedgerBatch / watch.Elapsed.TotalSeconds:N0} rows/s");
    }

    private static async Task WriteAsync(ISnapshotStore store, long epoch, long offset, IEnumerable<int> numbers, Random random)
    {
        var entities = numbers.Select(n =>
        {
            var state = new byte[StateBytes];
            random.NextBytes(state);
            return new EntityWrite("card", Key(n), state, n, false);
        });
        await store.WriteAsync(new Checkpoint { Partition = Partition, Epoch = epoch, Offset = offset, Marks = new byte[100], Entities = [.. entities] }, CancellationToken.None);
    }

    private static byte[] Key(int number) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"u-{number:D8}/c-{number:D8}"));

    private static HashSet<int> Numbers(Random random, int count, int below)
    {
        var numbers = new HashSet<int>();
        while (numbers.Count < count)
            numbers.Add(random.Next(below));
        return numbers;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
