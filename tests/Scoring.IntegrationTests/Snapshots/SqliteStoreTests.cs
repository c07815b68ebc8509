using Akka.Persistence;
using Microsoft.Data.Sqlite;
using Scoring.Actors.Snapshots;
using Scoring.Servers;
using static Scoring.IntegrationTests.Snapshots.StoreNode;

namespace Scoring.IntegrationTests.Snapshots;

public sealed class SqliteStoreTests : SnapshotStoreConformance
{
    private readonly string folder = Directory.CreateTempSubdirectory("scoring-test-").FullName;

    protected override string Place => $"provider = sqlite\npath = \"{Path}\"";

    protected override string StockPlace => $"provider-name = SQLite.MS\nconnection-string = \"Data Source={Path}\"";

    private string Path => System.IO.Path.Combine(folder, "snapshots.db");

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [SmallDiskFact]
    public async Task Saves_that_find_the_disk_full_may_be_repeated_once_there_is_room()
    {
        using var disk = SmallDisk.Mount(4_096);
        await using var node = new StoreNode($"class = \"Scoring.Actors.Snapshots.GroupCommitSnapshotStore, Scoring.Actors\"\nprovider = sqlite\npath = \"{disk.Folder}/s.db\"");
        node.Save(Saving("id-0", 1, Frozen("before")));
        disk.Fill();
        var saves = Enumerable.Range(0, 400).Select(i => Saving($"id-{i}", 1, Frozen(new string('x', 2_000)))).ToList();
        saves.ForEach(node.Tell);
        Assert.All(node.Answers(400), a => Assert.IsType<SnapshotUnavailableException>(Assert.IsType<SaveSnapshotFailure>(a).Cause));
        Assert.Equal("1: before", node.Load("id-0"));
        disk.Free();
        node.Save(saves);
    }

    protected override Task CreateDatabaseAsync() => Task.CompletedTask;

    protected override Task RefuseNamesAsync(string id) =>
        RunSqlAsync($"CREATE TRIGGER refuse BEFORE INSERT ON snapshot WHEN NEW.persistence_id = '{id}' BEGIN SELECT RAISE(ABORT, 'refused'); END");

    protected override Task<IReadOnlyList<string>> QueryAsync(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts are the tests' own.
        command.CommandText = sql;
#pragma warning restore CA2100
        using var row = command.ExecuteReader();
        var rows = new List<string>();
        while (row.Read())
            rows.Add(row.GetString(0));
        return Task.FromResult<IReadOnlyList<string>>(rows);
    }

    protected override Task<IAsyncDisposable> LockAsync()
    {
        var connection = Connect();
        using var begin = connection.CreateCommand();
        begin.CommandText = "BEGIN IMMEDIATE";
        begin.ExecuteNonQuery();
        return Task.FromResult<IAsyncDisposable>(connection);
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        return connection;
    }
}
