using Akka.Persistence;
using Npgsql;
using Scoring.Actors.Snapshots;
using Scoring.IntegrationTests.State;
using Scoring.Servers;
using static Scoring.IntegrationTests.Snapshots.StoreNode;

namespace Scoring.IntegrationTests.Snapshots;

[Collection(SharedPostgres.Name)]
public sealed class PostgresStoreTests(SharedPostgres shared) : PostgresStoreConformance
{
    [Fact]
    public async Task A_schema_and_tables_of_other_names_are_made_where_they_are_named()
    {
        await RunSqlAsync("CREATE SCHEMA elsewhere");
        var node = Open("schema = elsewhere\ntable = states\nfence-table = fences");
        node.Save(Saving("a", 5, Frozen("five")));
        Assert.Equal("5: five", node.Load("a"));
        Assert.NotNull(node.Ask<FenceStands>(new WriteFence("t", 0, new FenceToken(1, "n", 1))).Token);
        Assert.Equal(["a"], await QueryAsync("SELECT persistence_id FROM elsewhere.states"));
    }

    [Fact]
    public async Task A_server_that_is_away_fails_what_is_asked_until_it_is_back()
    {
        await using var server = await PostgresServer.StartAsync();
        await server.StopFastAsync();
        await using var node = new StoreNode($"class = \"Scoring.Actors.Snapshots.GroupCommitSnapshotStore, Scoring.Actors\"\nprovider = postgres\nconnection-string = \"{server.ConnectionString}\"\ncommand-timeout = 5s");
        var save = Saving("a", 5, Frozen("five"));
        AllFail();
        await server.RestartAsync();
        node.Save(save);
        await server.KillAsync();
        AllFail();
        await server.RestartAsync();
        node.Save(save);
        Assert.Equal("5: five", node.Load("a"));

        void AllFail()
        {
            Assert.IsType<SnapshotUnavailableException>(node.Ask<SaveSnapshotFailure>(save).Cause);
            Assert.IsType<SnapshotUnavailableException>(node.Ask<LoadSnapshotFailed>(new LoadSnapshot("a", SnapshotSelectionCriteria.Latest, 9)).Cause);
            Assert.IsType<SnapshotUnavailableException>(node.Ask<FenceFailed>(new ReadFence("t", 0)).Cause);
            Assert.IsType<SnapshotUnavailableException>(node.Ask<DeleteSnapshotFailure>(new DeleteSnapshot(new SnapshotMetadata("a", 5, default))).Cause);
        }
    }

    [Fact]
    public async Task A_server_that_does_not_answer_fails_what_is_asked_within_a_bounded_time()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var node = new StoreNode($"class = \"Scoring.Actors.Snapshots.GroupCommitSnapshotStore, Scoring.Actors\"\nprovider = postgres\nconnection-string = \"{server.ConnectionString}\"\ncommand-timeout = 1s");
        node.Save(Saving("a", 5, Frozen("before")));
        var save = Saving("a", 5, Frozen("after"));
        server.Pause();
        Assert.IsType<SnapshotUnavailableException>(node.Ask<SaveSnapshotFailure>(save).Cause);
        Assert.IsType<SnapshotUnavailableException>(node.Ask<LoadSnapshotFailed>(new LoadSnapshot("a", SnapshotSelectionCriteria.Latest, 9)).Cause);
        server.Continue();
        node.Save(save);
        Assert.Equal("5: after", node.Load("a"));
    }

    protected override Task<string> CreateAsync() => shared.CreateDatabaseAsync();
}

/// <summary>The store keeps its promises behind PgBouncer in transaction mode.</summary>
[Collection(SharedPgBouncer.Name)]
public sealed class PooledStoreTests(SharedPgBouncer pooled) : PostgresStoreConformance
{
    protected override Task<string> CreateAsync() => pooled.CreateDatabaseAsync();
}

public abstract class PostgresStoreConformance : SnapshotStoreConformance
{
    private string connectionString = "";

    protected override string Place => $"provider = postgres\nconnection-string = \"{connectionString}\"";

    protected override string StockPlace => $"provider-name = PostgreSQL.15\nconnection-string = \"{connectionString}\"";

    protected abstract Task<string> CreateAsync();

    protected override async Task CreateDatabaseAsync() => connectionString = await CreateAsync();

    protected override Task RefuseNamesAsync(string id) => RunSqlAsync($"ALTER TABLE snapshot ADD CHECK (persistence_id <> '{id}') NOT VALID");

    protected override async Task<IReadOnlyList<string>> QueryAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString + ";Pooling=false");
#pragma warning disable CA2100 // The texts are the tests' own.
        await using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        await using var row = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await row.ReadAsync())
            rows.Add(row.GetValue(0).ToString()!);
        return rows;
    }

    protected override async Task<IAsyncDisposable> LockAsync()
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var hold = new NpgsqlCommand("BEGIN; LOCK TABLE snapshot IN EXCLUSIVE MODE", connection);
        await hold.ExecuteNonQueryAsync();
        return connection;
    }
}
