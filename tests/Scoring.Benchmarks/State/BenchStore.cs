using System.Globalization;
using Scoring.Actors.Sql;
using Scoring.Actors.State;
using Scoring.Servers;

namespace Scoring.Benchmarks.State;

/// <summary>A snapshot store on this machine, durable as in production: SQLite in a temporary file, or a PostgreSQL server that goes with it.</summary>
internal sealed class BenchStore : IAsyncDisposable
{
    private readonly DirectoryInfo folder;
    private readonly PostgresServer? server;
    private readonly BenchMeters meters = new();

    private BenchStore(SqlProvider provider, int partitions, DirectoryInfo folder, PostgresServer? server)
    {
        this.folder = folder;
        this.server = server;
        Partitions = partitions;
        Options = new StateOptions
        {
            Provider = provider,
            Path = Path.Combine(folder.FullName, "state.db"),
            ConnectionString = server?.ConnectionString ?? "",
        };
        Store = SnapshotStores.Open(Options, TaskScheduler.Default, TimeProvider.System, meters);
    }

    /// <summary>How the store is reached; all else has its defaults.</summary>
    internal StateOptions Options { get; }

    internal ISnapshotStore Store { get; private set; }

    private int Partitions { get; }

    internal static async Task<BenchStore> OpenAsync(SqlProvider provider, int partitions, bool isServerBackground = false)
    {
        var folder = Directory.CreateTempSubdirectory("scoring-bench-");
        var server = provider == SqlProvider.Postgres ? await PostgresServer.StartAsync(new PostgresServerOptions { IsDurable = true, IsBackground = isServerBackground, Folder = folder.FullName }) : null;
        var store = new BenchStore(provider, partitions, folder, server);
        await store.PrepareAsync();
        return store;
    }

    /// <summary>
    /// What a node finds that takes a shard over from another machine, or after a restart of the database's: nothing of the
    /// store is in memory, neither in the database nor in the system's file cache.
    /// </summary>
    internal async Task ForgetCachesAsync()
    {
        await Store.DisposeAsync();
        if (server is not null)
            await server.StopFastAsync();
        foreach (var file in folder.EnumerateFiles("*", SearchOption.AllDirectories))
            FileCache.Forget(file.FullName);
        if (server is not null)
            await server.RestartAsync();
        Store = SnapshotStores.Open(Options, TaskScheduler.Default, TimeProvider.System, meters);
        await PrepareAsync();
    }

    /// <summary>Processor time of the database's own processes since they started; none where it runs in this one.</summary>
    internal TimeSpan ServerTime() => server is null ? TimeSpan.Zero : ProcessorTime.OfChildren(server.ProcessId);

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        if (server is not null)
            await server.DisposeAsync();
        meters.Dispose();
        folder.Delete(recursive: true);
    }

    private Task PrepareAsync() => Store.PrepareAsync(new LogIdentity("transactions", "", Partitions, "bench"), CancellationToken.None);
}
