using Akka.Persistence;
using Scoring.Actors.Ledger;
using Scoring.Actors.Snapshots;
using Scoring.Actors.Sql;
using Scoring.IntegrationTests.Snapshots;
using Scoring.Models.Wire;
using Scoring.Servers;
using static Scoring.IntegrationTests.Snapshots.StoreNode;

namespace Scoring.IntegrationTests.State;

/// <summary>What the stores say of a disk that is full: that it passes, and what it is.</summary>
public sealed class FullDiskTests
{
    private const int Kibibytes = 4_096;
    private const string Class = "class = \"Scoring.Actors.Snapshots.GroupCommitSnapshotStore, Scoring.Actors\"\n";

    [SmallDiskFact]
    public async Task A_checkpoint_that_finds_SQLites_disk_full_can_be_written_once_there_is_room()
    {
        using var disk = SmallDisk.Mount(Kibibytes);
        await using var store = new StoreNode($"{Class}provider = sqlite\npath = \"{Path.Combine(disk.Folder, "state.db")}\"");
        SaveFailsWhileFull(store, disk, "full");
    }

    [SmallDiskFact]
    public async Task A_checkpoint_that_finds_PostgreSQLs_disk_full_can_be_written_once_there_is_room()
    {
        using var disk = SmallDisk.Mount(Kibibytes);
        await using var server = await PostgresServer.StartAsync();
        await using var store = new StoreNode($"{Class}provider = postgres\nconnection-string = \"{await DatabaseOnAsync(server, disk)}\"");
        SaveFailsWhileFull(store, disk, "53100");
    }

    [SmallDiskFact]
    public void Scores_that_find_SQLites_disk_full_can_be_written_once_there_is_room()
    {
        using var disk = SmallDisk.Mount(Kibibytes);
        using var ledger = ScoreLedgers.Open(new LedgerOptions { Path = Path.Combine(disk.Folder, "ledger.db") });
        WriteFailsWhileFull(ledger, disk, "full");
    }

    [SmallDiskFact]
    public async Task Scores_that_find_PostgreSQLs_disk_full_can_be_written_once_there_is_room()
    {
        using var disk = SmallDisk.Mount(Kibibytes);
        await using var server = await PostgresServer.StartAsync();
        using var ledger = ScoreLedgers.Open(new LedgerOptions { Provider = SqlProvider.Postgres, ConnectionString = await DatabaseOnAsync(server, disk) });
        WriteFailsWhileFull(ledger, disk, "53100");
    }

    private static void SaveFailsWhileFull(StoreNode store, SmallDisk disk, string word)
    {
        store.Save(Saving("k0", 5, Frozen("old")));
        disk.Fill();

        // More than a page that has room already, and more than once: what failed must not stand in the way of the next try.
        List<SaveSnapshot> many = [.. Enumerable.Range(0, 400).Select(i => Saving($"k{i}", 9, Frozen(new string('x', 2_000))))];
        for (var tries = 0; tries < 3; tries++)
        {
            many.ForEach(store.Tell);
            var failures = store.Answers(many.Count).OfType<SaveSnapshotFailure>().ToList();
            Assert.NotEmpty(failures);
            Assert.All(failures, f => Assert.Contains(word, Assert.IsType<SnapshotUnavailableException>(f.Cause).Message, StringComparison.Ordinal));
        }

        Assert.Equal("5: old", store.Load("k0", to: 8));
        disk.Free();
        store.Save(many);
        Assert.Equal($"9: {new string('x', 2_000)}", store.Load("k399"));
    }

    private static void WriteFailsWhileFull(IScoreLedger ledger, SmallDisk disk, string word)
    {
        Assert.Equal(1, ledger.Write([Score(0)], "scores", [new(0, null, 1)]));
        disk.Fill();
        IReadOnlyList<LedgerRow> many = [.. Enumerable.Range(1, 400).Select(Score)];
        for (var tries = 0; tries < 3; tries++)
        {
            var error = Assert.Throws<LedgerUnavailableException>(() => ledger.Write(many, "scores", [new(0, 1, 401)]));
            Assert.Contains(word, error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, ledger.NextOffset("scores", 0));
        disk.Free();
        Assert.Equal(400, ledger.Write(many, "scores", [new(0, 1, 401)]));
    }

    private static LedgerRow Score(int number)
    {
        var record = System.Text.Encoding.UTF8.GetBytes($$"""{"transactionId":"t-{{number}}","cardId":"c-{{number}}","userId":"u","eventTime":"2026-03-01T12:00:00Z","pad":"{{new string('x', 2_000)}}"}""");
        return ScoreKeys.TryRead(record, out var keys) ? new LedgerRow(keys, record, 0) : throw new InvalidOperationException("no score");
    }

    // Its tables are on the small disk, and nothing else of the server.
    private static Task<string> DatabaseOnAsync(PostgresServer server, SmallDisk disk) =>
        server.CreateDatabaseAsync("small", Directory.CreateDirectory(Path.Combine(disk.Folder, "tables")).FullName);
}
