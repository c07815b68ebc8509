using System.Diagnostics;
using System.Text;
using Npgsql;
using Scoring.Actors.Sql;
using Scoring.Actors.State;
using Scoring.Servers;
using static Scoring.IntegrationTests.State.StoreRows;

namespace Scoring.IntegrationTests.State;

[Collection(SharedPostgres.Name)]
public sealed class PostgresSnapshotStoreTests(SharedPostgres postgres) : SnapshotStoreConformance
{
    private readonly TestMeters meters = new();
    private string connectionString = "";

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        meters.Dispose();
    }

    [Fact]
    public async Task A_batch_of_entities_is_one_round_trip()
    {
        await using var store = Open();
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        await store.WriteAsync(Checkpoint(0, epoch, 1, Card("a", "A"), Card("b", "B")), default);

        var statements = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => Interlocked.Add(ref statements, Text(activity).Contains("unnest($2", StringComparison.Ordinal) ? 1 : 0),
        };
        ActivitySource.AddActivityListener(listener);
        var rows = await store.LoadAsync(0, [.. Enumerable.Range(0, 500).Select(i => new EntityKey("card", Encoding.UTF8.GetBytes($"{(char)('a' + i)}")))], default);
        Assert.Equal((2, 1), (rows.Rows.Count, statements));
    }

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_of_a_write_leaves_the_state_before_it()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var store = Open(server.ConnectionString, TimeSpan.FromSeconds(30));
        await store.PrepareAsync(Log, default);
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        await store.WriteAsync(Checkpoint(0, epoch, 5, Card("k0", "old")), default);

        Task? killed = null;
        var entities = new Interrupted(12_000, 9_000, () => killed ??= server.KillAsync());
        await Assert.ThrowsAsync<SnapshotStoreUnavailableException>(() => store.WriteAsync(Checkpoint(0, epoch, 9, entities), default));
        await killed!;
        await Assert.ThrowsAsync<SnapshotStoreUnavailableException>(() => store.StatesAsync(0, "k0"));

        await server.RestartAsync();
        await Eventually.TrueAsync(() => AnswersAsync(store), "the store answers again");
        Assert.Equal(["k0 at 5: old"], await store.StatesAsync(0, "k0", "k1", "k8000"));
        Assert.True(await store.WriteAsync(Checkpoint(0, epoch, 9, Card("k0", "new")), default));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_unavailable_after_the_timeout()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var store = Open(server.ConnectionString + ";Cancellation Timeout=-1", TimeSpan.FromSeconds(1));
        await store.PrepareAsync(Log, default);
        server.Pause();
        await Assert.ThrowsAsync<SnapshotStoreUnavailableException>(() => store.AcquireAsync(0, Owner, default));
        server.Continue();
        await Eventually.TrueAsync(() => AnswersAsync(store), "the store answers again");
    }

    [Fact]
    public async Task An_owner_that_is_stopped_in_the_middle_of_a_write_does_not_hold_up_the_next()
    {
        await using var zombie = Open(connectionString, TimeSpan.FromSeconds(1));
        await using var next = Open();
        var epoch = (await zombie.AcquireAsync(0, Owner, default)).Epoch;
        using var woken = new ManualResetEventSlim();
        using var stopped = new ManualResetEventSlim();
        var entities = new Interrupted(9_000, 5_000, () =>
        {
            stopped.Set();
            woken.Wait(TimeSpan.FromSeconds(30));
        });
        var write = zombie.WriteAsync(Checkpoint(0, epoch, 9, entities), default);
        Assert.True(stopped.Wait(TimeSpan.FromSeconds(30)));

        Assert.Equal(epoch + 1, (await next.AcquireAsync(0, Owner, default)).Epoch);
        woken.Set();
        await Assert.ThrowsAsync<SnapshotStoreUnavailableException>(() => write);
        Assert.False(await zombie.WriteAsync(Checkpoint(0, epoch, 9, Card("k0", "zombie")), default));
        Assert.Empty(await next.StatesAsync(0, "k0", "k1"));
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_no_passing_failure()
    {
        await using var store = Open(postgres.Server.ConnectionStringOf("absent"), TimeSpan.FromSeconds(10));
        var error = await Assert.ThrowsAsync<PostgresException>(() => store.PrepareAsync(Log, default));
        Assert.Equal(PostgresErrorCodes.InvalidCatalogName, error.SqlState);
    }

    protected override async Task CreateDatabaseAsync() => connectionString = await postgres.CreateDatabaseAsync();

    protected override ISnapshotStore Open() => Open(connectionString, TimeSpan.FromSeconds(10));

    protected override async Task RunSqlAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString + ";Pooling=false");
#pragma warning disable CA2100 // The texts are the tests' own.
        await using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private PostgresSnapshotStore Open(string connection, TimeSpan timeout) =>
        new(new StateOptions { Provider = SqlProvider.Postgres, ConnectionString = connection, CommandTimeout = timeout }, TaskScheduler.Default, TimeProvider.System, meters);

    private static string Text(Activity activity) => (activity.GetTagItem("db.query.text") ?? activity.GetTagItem("db.statement")) as string ?? "";

    private static async Task<bool> AnswersAsync(PostgresSnapshotStore store)
    {
        try
        {
            await store.ShardsAsync(default);
            return true;
        }
        catch (SnapshotStoreUnavailableException)
        {
            return false;
        }
    }
}
