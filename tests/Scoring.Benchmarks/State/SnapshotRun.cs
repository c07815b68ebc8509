using System.Diagnostics;
using System.Globalization;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Persistence;
using Akka.Serialization;
using Scoring.Actors.Snapshots;
using Scoring.Actors.Sql;
using Scoring.Servers;

namespace Scoring.Benchmarks.State;

/// <summary>
/// Measures the snapshot store by its protocol against Akka.Persistence.Sql's own on both databases: processor time of this
/// process for a row saved anew, saved again, and loaded, with all that Akka and the client do; SQLite's own work is in it, that of a
/// PostgreSQL server is stated apart. Each asks for some rows at once, as an owner does at a checkpoint or a replay.
/// </summary>
internal static class SnapshotRun
{
    internal const int DefaultRows = 20_000;

    private const string Path = "akka.persistence.snapshot-store.measured";
    private const string Ours = "class = \"Scoring.Actors.Snapshots.GroupCommitSnapshotStore, Scoring.Actors\"";
    private const string Stock = "class = \"Akka.Persistence.Sql.Snapshot.SqlSnapshotStore, Akka.Persistence.Sql\"";
    private const int StateBytes = 1_200;
    private const int AtOnce = 2_000;
    private const int Seed = 7;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    internal static async Task RunAsync(int rows)
    {
        foreach (var provider in Enum.GetValues<SqlProvider>())
        {
            await StoreAsync(provider, "ours", rows, (path, connection) => provider == SqlProvider.Sqlite
                ? $"{Ours}\nprovider = sqlite\npath = \"{path}\""
                : $"{Ours}\nprovider = postgres\nconnection-string = \"{connection}\"");
            await StoreAsync(provider, "stock", rows, (path, connection) => provider == SqlProvider.Sqlite
                ? $"{Stock}\nprovider-name = SQLite.MS\nconnection-string = \"Data Source={path}\"\ncircuit-breaker.call-timeout = 5m"
                : $"{Stock}\nprovider-name = PostgreSQL.15\nconnection-string = \"{connection}\"\ncircuit-breaker.call-timeout = 5m");
        }
    }

    private static async Task StoreAsync(SqlProvider provider, string plugin, int rows, Func<string, string?, string> section)
    {
        var folder = Directory.CreateTempSubdirectory("scoring-bench-");
        await using var server = provider == SqlProvider.Postgres ? await PostgresServer.StartAsync(new PostgresServerOptions { IsDurable = true }) : null;
        using var meters = new BenchMeters();
        var config = ConfigurationFactory.ParseString($$"""
            akka.loglevel = WARNING
            akka.actor.serializers.frozen = "{{typeof(FrozenSerializer).AssemblyQualifiedName}}"
            akka.actor.serialization-bindings { "{{typeof(Frozen).AssemblyQualifiedName}}" = frozen }
            {{Path}} {
                {{section(System.IO.Path.Combine(folder.FullName, "s.db"), server?.ConnectionString)}}
            }
            """);
        var system = ActorSystem.Create("bench", BootstrapSetup.Create().WithConfig(config).And(new SnapshotStoreSetup(meters, TimeProvider.System)));
        var store = Persistence.Instance.Apply(system).SnapshotStoreFor(Path);
        var random = new Random(Seed);
        var state = new byte[StateBytes];
        random.NextBytes(state);
        string[] ids = [.. Enumerable.Range(0, rows).Select(i => string.Create(CultureInfo.InvariantCulture, $"c-{i % 16}-{Convert.ToHexString(BitConverter.GetBytes((ulong)i * 0x9E3779B97F4A7C15UL))}"))];

        // Once for the compilers and the pages of the file, then as it is measured.
        foreach (var (what, number) in new[] { ("", 1L), ("saved anew", 2L), ("saved again", 2L) })
            await MeasureAsync($"{provider}, {plugin}: {what}", what.Length > 0, server, store, system, rows, i => new SaveSnapshot(new SnapshotMetadata(ids[i], number, DateTime.MinValue), new Frozen(state)));
        foreach (var what in new[] { "", "loaded" })
            await MeasureAsync($"{provider}, {plugin}: {what}", what.Length > 0, server, store, system, rows, i => new LoadSnapshot(ids[i], SnapshotSelectionCriteria.Latest, 2));
        await system.Terminate();
        folder.Delete(recursive: true);
    }

    private static async Task MeasureAsync(string what, bool isSaid, PostgresServer? server, IActorRef store, ActorSystem system, int rows, Func<int, object> request)
    {
        GC.Collect();
        var (garbage, processor, others, watch) = (GC.GetTotalAllocatedBytes(), Process.GetCurrentProcess().TotalProcessorTime, ServerTime(server), Stopwatch.StartNew());
        for (var from = 0; from < rows; from += AtOnce)
        {
            var count = Math.Min(AtOnce, rows - from);
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var asker = system.ActorOf(Props.Create(() => new Asker(count, done)));
            for (var i = from; i < from + count; i++)
                store.Tell(request(i), asker);
            await done.Task.WaitAsync(Limit, TimeProvider.System);
            system.Stop(asker);
        }

        watch.Stop();
        var used = Process.GetCurrentProcess().TotalProcessorTime - processor;
        var serverUsed = ServerTime(server) - others;
        if (isSaid)
            Say($"{what}, {AtOnce:N0} of {StateBytes:N0} bytes at once: {used.TotalMicroseconds / rows:N1} us of processor a row, the server {serverUsed.TotalMicroseconds / rows:N1} us, {(GC.GetTotalAllocatedBytes() - garbage) / (double)rows / 1_024:N1} KiB of garbage, {watch.Elapsed.TotalMicroseconds / rows:N1} us on the clock");
    }

    private static TimeSpan ServerTime(PostgresServer? server) => server is null ? TimeSpan.Zero : ProcessorTime.OfChildren(server.ProcessId);

    private static void Say(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed record Frozen(byte[] Bytes);

    private sealed class FrozenSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
    {
        public override int Identifier => 7_502;

        public override byte[] ToBinary(object obj) => ((Frozen)obj).Bytes;

        public override object FromBinary(byte[] bytes, string manifest) => new Frozen(bytes);

        public override string Manifest(object o) => "f";
    }

    /// <summary>Counts answers, and fails with the first failure.</summary>
    private sealed class Asker(int count, TaskCompletionSource done) : UntypedActor
    {
        private int left = count;

        protected override void OnReceive(object message)
        {
            if (message is not (SaveSnapshotSuccess or LoadSnapshotResult { Snapshot: not null }))
                done.TrySetException(new InvalidOperationException($"answered: {message}"));
            else if (--left == 0)
                done.TrySetResult();
        }
    }
}
