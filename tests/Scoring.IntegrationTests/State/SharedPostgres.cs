using Scoring.Servers;

namespace Scoring.IntegrationTests.State;

/// <summary>One PostgreSQL server for the tests of a collection, with a database for each that asks.</summary>
public sealed class SharedPostgres : IAsyncLifetime
{
    public const string Name = "postgres";

    private int databases;

    public PostgresServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await PostgresServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();

    public Task<string> CreateDatabaseAsync() => Server.CreateDatabaseAsync($"test_{Interlocked.Increment(ref databases)}");
}

[CollectionDefinition(SharedPostgres.Name)]
public sealed class PostgresTests : ICollectionFixture<SharedPostgres>;
