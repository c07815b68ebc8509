using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Scoring.Actors.Log;
using Scoring.Actors.Partitions;
using Scoring.Actors.Sql;
using Scoring.Actors.State;
using Scoring.Benchmarks.Features;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using Scoring.Servers;

namespace Scoring.Benchmarks.State;

/// <summary>
/// Measures a bootstrap of one partition from records of a log: so many cardholders, with two transactions each, the second when all have
/// had their first. In memory are as many as the default lets, so that with more each second one is written and read again.
/// Processor time is that of this process, SQLite's own work included; a PostgreSQL server's is stated apart.
/// </summary>
internal static class BootstrapRun
{
    private const int Rounds = 2;
    private const long StartMicros = 1_772_366_400_000_000;

    internal static async Task RunAsync(int cardholders)
    {
        foreach (var provider in Enum.GetValues<SqlProvider>())
        {
            foreach (var inMemory in new[] { cardholders, cardholders / 2 })
                await OneAsync(provider, cardholders, inMemory);
        }
    }

    private static async Task OneAsync(SqlProvider provider, int cardholders, int inMemory)
    {
        var folder = Directory.CreateTempSubdirectory("scoring-bench-");
        await using var server = provider == SqlProvider.Postgres ? await PostgresServer.StartAsync(new PostgresServerOptions { IsDurable = true }) : null;
        using var meters = new BenchMeters();
        var options = new StateOptions { Provider = provider, Path = Path.Combine(folder.FullName, "s.db"), ConnectionString = server?.ConnectionString ?? "", MaxEntitiesInMemory = inMemory };
        await using var store = BootstrapStore.Open(options, meters, TimeProvider.System);
        var path = Path.Combine(FeatureEngineBenchmarks.Root(), "features", "fraud.yaml");
        using var text = File.OpenText(path);
        var features = new CompiledFeatures(FeatureSet.Parse(text, path), new FeatureEngineOptions { LocalEntitiesOnly = true });
        var (used, others, watch) = (Process.GetCurrentProcess().TotalProcessorTime, ServerTime(server), Stopwatch.StartNew());
        var bootstrap = new PartitionBootstrap(new BootstrapPlace("transactions", "", 0, 1, 0), features, new DecodeLimits().ForHistory(), options, store);
        await bootstrap.FenceAsync("bench", 1, CancellationToken.None);
        await bootstrap.BeginAsync();
        for (var i = 0; i < Rounds * cardholders; i++)
            await bootstrap.ApplyAsync(Record(i, i % cardholders), CancellationToken.None);
        await bootstrap.CompleteAsync(CancellationToken.None);
        watch.Stop();
        var counts = bootstrap.Counts;
        Say($"{provider}, {cardholders:N0} cardholders with {Rounds} transactions each, {inMemory:N0} in memory: {(Process.GetCurrentProcess().TotalProcessorTime - used).TotalSeconds:N1} s of processor, the server {(ServerTime(server) - others).TotalSeconds:N1} s, {watch.Elapsed.TotalSeconds:N1} s on the clock; rows written {counts.RowsWritten:N0}, read again {counts.RowsLoaded:N0}");
        folder.Delete(recursive: true);
    }

    private static InputRecord Record(int i, int cardholder)
    {
        var user = string.Create(CultureInfo.InvariantCulture, $"user-{cardholder}");
        var value = new JsonObject
        {
            ["transactionId"] = string.Create(CultureInfo.InvariantCulture, $"t-{i}"),
            ["cardId"] = "card-" + user,
            ["userId"] = user,
            ["amount"] = 12.5m,
            ["eventTime"] = (StartMicros / 1_000) + i,
            ["merchantId"] = "m-1",
            ["channel"] = "pos",
            ["country"] = "FR",
        };
        return new InputRecord(i, default, Encoding.UTF8.GetBytes(user), Encoding.UTF8.GetBytes(value.ToJsonString()), RecordKind.Transaction, null, default, 0);
    }

    private static TimeSpan ServerTime(PostgresServer? server) => server is null ? TimeSpan.Zero : ProcessorTime.OfChildren(server.ProcessId);

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
