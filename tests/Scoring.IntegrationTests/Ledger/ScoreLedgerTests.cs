using Scoring.Actors.Ledger;
using Scoring.Actors.Sql;
using Scoring.IntegrationTests.State;
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
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.FindAsync("before its tables", default));
        ledger.Write([], "scores", [new(0, null, 1)]);
        await server.StopImmediateAsync();
        Assert.Throws<LedgerUnavailableException>(() => ledger.NextOffset("scores", 0));
        await Assert.ThrowsAsync<LedgerUnavailableException>(async () => await ledger.FindAsync("t", default));
        await server.RestartAsync();
        Assert.Equal(0, ledger.Write([], "scores", [new(0, 1, 2)]));
    }

    protected override async Task CreateDatabaseAsync() => connectionString = await postgres.CreateDatabaseAsync();

    protected override IScoreLedger Open() => Open(connectionString);

    private static IScoreLedger Open(string connection) => ScoreLedgers.Open(new LedgerOptions { Provider = SqlProvider.Postgres, ConnectionString = connection });
}
