using Microsoft.Data.Sqlite;
using Npgsql;
using Scoring.Actors.Ledger;
using Scoring.Actors.Sql;
using Scoring.IntegrationTests.State;
using Scoring.Models.Wire;
using Scoring.Servers;

namespace Scoring.IntegrationTests.Ledger;

public sealed class SqliteScoreLedgerTests : ScoreLedgerConformance
{
    private readonly string folder = Directory.CreateTempSubdirectory("scoring-test-").FullName;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_ledger_that_knew_a_transaction_by_its_id_alone_is_refused_by_name()
    {
        var path = Path.Combine(folder, "earlier.db");
        using (var earlier = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            earlier.Open();
            using var command = earlier.CreateCommand();
            command.CommandText = """
                CREATE TABLE scores (transaction_id TEXT NOT NULL, card_id TEXT NOT NULL, user_id TEXT NOT NULL, event_time INTEGER NOT NULL, record BLOB NOT NULL);
                CREATE UNIQUE INDEX scores_by_transaction ON scores (transaction_id);
                """;
            command.ExecuteNonQuery();
        }

        var error = Assert.Throws<LedgerLayoutException>(() => ScoreLedgers.Open(new LedgerOptions { Path = path }));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("ledger_offsets", error.Message, StringComparison.Ordinal);
    }

    protected override Task CreateDatabaseAsync() => Task.CompletedTask;

    protected override IScoreLedger Open() => ScoreLedgers.Open(new LedgerOptions { Path = Path.Combine(folder, "ledger.db") });
}

[Collection(SharedPostgres.Name)]
public sealed class PostgresScoreLedgerTests(SharedPostgres postgres) : ScoreLedgerConformance
{
    private string connectionString = "";

    [Fact]
    public async Task A_server_that_goes_away_is_unavailable_until_it_is_back()
    {
        await using var server = await PostgresServer.StartAsync();
        using var ledger = Open(server.ConnectionString);
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.FindAsync(new("before its tables"), IdPosition.Start, 1, default));
        ledger.Write([], "scores", [new(0, null, 1)]);
        await server.StopImmediateAsync();
        Assert.Throws<LedgerUnavailableException>(() => ledger.NextOffset("scores", 0));
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.FindAsync(new("t"), IdPosition.Start, 1, default));
        await server.RestartAsync();
        Assert.Equal(0, ledger.Write([], "scores", [new(0, 1, 2)]));
    }

    [Fact]
    public async Task A_score_that_no_index_can_hold_is_refused_and_no_other()
    {
        using var ledger = Open(await postgres.CreateDatabaseAsync());
        // Of such a length that an index's page can't hold three, and of such noise that compressing does not help.
        var noise = Enumerable.Range(0, 100).SelectMany(i => System.Security.Cryptography.SHA256.HashData([(byte)i])).ToArray();
        var poison = new LedgerRow(new ScoreKeys(Convert.ToBase64String(noise), Convert.ToBase64String(noise[..1_000]), "u", 0, null), [1], 0);
        var fine = new LedgerRow(new ScoreKeys("t", "c", "u", 0, null), [1], 0);
        Assert.Throws<LedgerRefusedException>(() => ledger.Write([fine, poison], "scores", [new(0, null, 2)]));
        Assert.Null(ledger.NextOffset("scores", 0));
        Assert.Equal(1, ledger.Write([fine], "scores", [new(0, null, 1)]));
    }

    [Fact]
    public async Task A_ledger_that_knew_a_transaction_by_its_id_alone_is_refused_by_name()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using (var source = NpgsqlDataSource.Create(database))
        {
            await using var earlier = source.CreateCommand(
                "CREATE TABLE scoring_score (transaction_id bytea PRIMARY KEY, card_id bytea NOT NULL, user_id bytea NOT NULL, event_time bigint NOT NULL, record bytea NOT NULL)");
            await earlier.ExecuteNonQueryAsync();
        }

        using var ledger = Open(database);
        var error = Assert.Throws<LedgerLayoutException>(() => ledger.NextOffset("scores", 0));
        Assert.Contains("scoring_ledger_offset", error.Message, StringComparison.Ordinal);
        Assert.Throws<LedgerLayoutException>(() => ledger.Write([], "scores", [new(0, null, 1)]));
    }

    protected override async Task CreateDatabaseAsync() => connectionString = await postgres.CreateDatabaseAsync();

    protected override IScoreLedger Open() => Open(connectionString);

    private static IScoreLedger Open(string connection) => ScoreLedgers.Open(new LedgerOptions { Provider = SqlProvider.Postgres, ConnectionString = connection });
}
