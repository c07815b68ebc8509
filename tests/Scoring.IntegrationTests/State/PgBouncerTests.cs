using Npgsql;
using Scoring.Actors.Ledger;
using Scoring.Actors.Sql;
using Scoring.IntegrationTests.Ledger;
using Scoring.Servers;

namespace Scoring.IntegrationTests.State;

/// <summary>One PgBouncer in transaction mode before the server of the collection.</summary>
public sealed class SharedPgBouncer : IAsyncLifetime
{
    public const string Name = "pgbouncer";

    private const int Sessions = 8;

    private int databases;

    public PostgresServer Server { get; private set; } = null!;

    public PgBouncer Bouncer { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await PostgresServer.StartAsync();
        Bouncer = await PgBouncer.StartAsync(Server, Sessions);
    }

    public async Task DisposeAsync()
    {
        await Bouncer.DisposeAsync();
        await Server.DisposeAsync();
    }

    /// <summary>Makes a database.</summary>
    /// <returns>How it is reached by way of the pooler.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var database = $"pooled_{Interlocked.Increment(ref databases)}";
        await Server.CreateDatabaseAsync(database);
        return Bouncer.ConnectionStringOf(database);
    }
}

[CollectionDefinition(SharedPgBouncer.Name)]
public sealed class PooledTests : ICollectionFixture<SharedPgBouncer>;

/// <summary>The ledger keeps its promises behind PgBouncer in transaction mode.</summary>
[Collection(SharedPgBouncer.Name)]
public sealed class PooledScoreLedgerTests(SharedPgBouncer pooled) : ScoreLedgerConformance
{
    private const int Callers = 16;
    private const int CallsEach = 50;

    private string connectionString = "";

    [Fact]
    public async Task Many_callers_at_once_find_no_statement_missing()
    {
        using var ledger = Open();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => CallAsync(ledger)));
    }

    [Fact]
    public async Task Statements_that_the_connection_string_has_prepared_fail_with_what_to_write_instead()
    {
        using var ledger = Open(connectionString + ";Max Auto Prepare=10;Auto Prepare Min Usages=1");
        var error = await Assert.ThrowsAsync<LedgerUnavailableException>(() => Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => CallAsync(ledger))));
        Assert.Contains("put Max Auto Prepare=0 into it", error.Message, StringComparison.Ordinal);
    }

    protected override async Task CreateDatabaseAsync() => connectionString = await pooled.CreateDatabaseAsync();

    protected override IScoreLedger Open() => Open(connectionString);

    private static IScoreLedger Open(string connection) => ScoreLedgers.Open(new LedgerOptions { Provider = SqlProvider.Postgres, ConnectionString = connection });

    private static Task CallAsync(IScoreLedger ledger) => Task.Run(async () =>
    {
        for (var call = 0; call < CallsEach; call++)
        {
            Assert.Null(ledger.NextOffset("scores", 7));
            Assert.Empty(await ledger.UsersOfCardAsync("c", 1, default));
        }
    });
}
