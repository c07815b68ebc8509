using Microsoft.Data.Sqlite;
using Scoring.Actors.State;
using static Scoring.IntegrationTests.State.StoreRows;

namespace Scoring.IntegrationTests.State;

public sealed class SqliteSnapshotStoreTests : SnapshotStoreConformance
{
    private readonly TestMeters meters = new();
    private readonly string folder = Directory.CreateTempSubdirectory("scoring-test-").FullName;
    private int databases;

    private string Path => System.IO.Path.Combine(folder, $"{databases}", "state.db");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        meters.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Another_process_that_holds_the_lock_makes_the_store_unavailable_for_as_long()
    {
        await using var store = Open(TimeSpan.FromMilliseconds(100));
        await store.AcquireAsync(0, Owner, default);
        using (var other = Connect())
        {
            using var transaction = other.BeginTransaction();
            await Assert.ThrowsAsync<SnapshotStoreUnavailableException>(() => store.AcquireAsync(0, Owner, default));
            Assert.Single(await store.ShardsAsync(default));
        }

        Assert.Equal(2, (await store.AcquireAsync(0, Owner, default)).Epoch);
    }

    [Fact]
    public async Task A_process_that_dies_in_the_middle_of_a_write_leaves_the_state_before_it()
    {
        await using var store = Open();
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        await store.WriteAsync(Checkpoint(0, epoch, 5, Card("k0", "old")), default);
        // What lies on the disk in the middle of a write is what the next process finds.
        var entities = new Interrupted(20_000, 19_000, () =>
        {
            var files = Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!);
            databases++;
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
            foreach (var file in files)
                File.Copy(file, System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, System.IO.Path.GetFileName(file)));
        });
        Assert.True(await store.WriteAsync(Checkpoint(0, epoch, 9, entities), default));

        await using var next = Open();
        await next.PrepareAsync(Log, default);
        var snapshot = await next.AcquireAsync(0, Owner, default);
        Assert.Equal((5L, epoch + 1), (snapshot.Offset, snapshot.Epoch));
        Assert.Equal(["k0 at 5: old"], await next.StatesAsync(0, "k0", "k1", "k18000"));
        Assert.Equal(["k0 at 9: new 0, before 5: old", "k18000 at 9: new 18000"], await store.StatesAsync(0, "k0", "k18000"));
    }

    [Fact]
    public async Task A_file_without_a_path_goes_with_the_store()
    {
        var store = new SqliteSnapshotStore(new StateOptions(), TimeProvider.System, meters);
        await store.PrepareAsync(Log, default);
        Assert.Equal(1, (await store.AcquireAsync(0, Owner, default)).Epoch);
        await store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.AcquireAsync(0, Owner, default));
    }

    protected override Task CreateDatabaseAsync()
    {
        databases++;
        return Task.CompletedTask;
    }

    protected override ISnapshotStore Open() => Open(TimeSpan.FromSeconds(10));

    protected override Task RunSqlAsync(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts are the tests' own.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
        return Task.CompletedTask;
    }

    private SqliteSnapshotStore Open(TimeSpan timeout) => new(new StateOptions { Path = Path, CommandTimeout = timeout }, TimeProvider.System, meters);

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        return connection;
    }
}
