using System.Text.Json.Nodes;
using Scoring.Actors.Entities;
using Scoring.Actors.Pipeline;
using Scoring.Actors.State;
using Scoring.Models.Wire;
using static Scoring.Tests.Pipeline.ShardFixture;

namespace Scoring.Tests.Pipeline;

public class ShardBootstrapTests
{
    private const int Partition = 3;
    private static readonly ShardOwner Owner = new("bootstrap", null);

    private readonly MemoryStore store = new();
    private readonly MemoryLog input = new() { Low = 5 };

    [Fact]
    public async Task A_shard_goes_on_with_what_a_bootstrap_made()
    {
        await MakeAsync(complete: true);

        await using var shard = Shard();
        await shard.EnqueueAsync(Record(5, "t-3", afterMillis: 3));
        // Known from the history: it is not scored, and does not count again.
        shard.Enqueue(Record(6, "t-1", afterMillis: 4));
        await shard.EnqueueAsync(Record(7, "t-4", afterMillis: 5));

        Assert.Equal([4, 5], await CountsAsync(shard));
    }

    [Fact]
    public async Task What_lies_before_the_history_is_cold()
    {
        await MakeAsync(complete: true);

        await using var shard = Shard();
        var day = (long)TimeSpan.FromDays(1).TotalMilliseconds;
        await shard.EnqueueAsync(Record(5, "t-3", afterMillis: day - 1));
        await shard.EnqueueAsync(Record(6, "t-4", afterMillis: day));

        Assert.Equal(["[\"cold_window\"]", "[]"], (await ScoresAsync(shard)).Select(s => s["degraded"]!.ToJsonString()));
    }

    [Fact]
    public async Task A_shard_that_finds_a_bootstrap_unfinished_stays_down()
    {
        await MakeAsync(complete: false);

        await using var shard = Shard();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (shard.Shard.Progress.Down is null)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal("state_unreadable", shard.Shard.Progress.Down);
    }

    [Fact]
    public async Task A_bootstrap_whose_shard_another_node_took_over_writes_no_more()
    {
        var bootstrap = await MakeAsync(complete: false);
        await store.AcquireAsync(Partition, new ShardOwner("node", null), CancellationToken.None);
        var written = store.Written.Count;

        await Assert.ThrowsAsync<ShardException>(() => bootstrap.CompleteAsync(CancellationToken.None));
        Assert.Equal(written, store.Written.Count);
    }

    [Fact]
    public async Task Entities_that_do_not_fit_into_memory_are_written_and_read_again()
    {
        var bootstrap = await MakeAsync(complete: true, maxEntities: 2);

        Assert.True(bootstrap.Counts.RowsLoaded > 0);
        Assert.All(store.Written.SkipLast(1), w => Assert.Equal(0xFF, w.Marks.Span[0]));
        await using var shard = Shard();
        await shard.EnqueueAsync(Record(5, "t-3", afterMillis: 3));
        Assert.Equal([4], await CountsAsync(shard));
    }

    private ShardFixture Shard() => new(o => o with { RecordFeatures = true }, store, input, committed: 5);

    private static async Task<IEnumerable<double>> CountsAsync(ShardFixture shard) => (await ScoresAsync(shard)).Select(s => (double)s["features"]!["count_1d"]!);

    // Sessions are appended too, as time moves on.
    private static async Task<IEnumerable<JsonNode>> ScoresAsync(ShardFixture shard)
    {
        await shard.SettledAsync();
        return shard.Log.Appended.Where(r => r.Topic == "x.scores").Select(r => JsonNode.Parse(r.Value!)!);
    }

    // Three transactions of card c-1, and one of each of three others between them.
    private async Task<ShardBootstrap> MakeAsync(bool complete, int maxEntities = 100)
    {
        var stage = new EntityStage(Set(), new DecodeLimits(), new EntityOptions());
        var bootstrap = new ShardBootstrap(Partition, 5, stage, store, new StateOptions { MaxEntitiesInMemory = maxEntities });
        await bootstrap.BeginAsync(Owner, CancellationToken.None);
        for (var i = 0; i < 3; i++)
        {
            await bootstrap.ApplyAsync(Record(i, $"t-{i}", afterMillis: i), CancellationToken.None);
            await bootstrap.ApplyAsync(Record(i, $"o-{i}", card: $"c-1{i}", afterMillis: i), CancellationToken.None);
        }

        if (complete)
            await bootstrap.CompleteAsync(CancellationToken.None);
        return bootstrap;
    }
}
