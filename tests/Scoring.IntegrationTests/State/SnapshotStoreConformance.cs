using System.Text;
using Scoring.Actors.State;
using static Scoring.IntegrationTests.State.StoreRows;

namespace Scoring.IntegrationTests.State;

/// <summary>What every snapshot store promises.</summary>
public abstract class SnapshotStoreConformance : IAsyncLifetime
{
    private ISnapshotStore store = null!;

    public async Task InitializeAsync()
    {
        await CreateDatabaseAsync();
        store = Open();
        await store.PrepareAsync(Log, default);
    }

    public virtual async Task DisposeAsync() => await store.DisposeAsync();

    [Fact]
    public async Task Each_owner_of_a_shard_has_a_higher_epoch()
    {
        Assert.Equal(new ShardSnapshot(1, null, Array.Empty<byte>(), []), await store.AcquireAsync(2, Owner, default), SameSnapshot);
        Assert.Equal(2, (await store.AcquireAsync(2, Owner, default)).Epoch);
        Assert.Equal(1, (await store.AcquireAsync(3, Owner, default)).Epoch);
        await using var other = Open();
        await other.PrepareAsync(Log, default);
        Assert.Equal(3, (await other.AcquireAsync(2, new ShardOwner("node-2", null), default)).Epoch);
    }

    [Fact]
    public async Task Owners_that_take_a_shard_at_once_get_epochs_of_their_own()
    {
        await using var other = Open();
        var snapshots = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? store : other).AcquireAsync(0, Owner, default)));
        Assert.Equal(Enumerable.Range(1, 40).Select(i => (long)i), snapshots.Select(s => s.Epoch).Order());
    }

    [Fact]
    public async Task A_checkpoint_is_there_for_the_next_owner()
    {
        var epoch = (await store.AcquireAsync(1, Owner, default)).Epoch;
        Assert.True(await store.WriteAsync(Checkpoint(1, epoch, 17, Card("a", "A"), Card("b", "B")), default));
        await using var other = Open();
        var snapshot = await other.AcquireAsync(1, Owner, default);
        Assert.Equal(17, snapshot.Offset);
        Assert.Equal("marks 17", Text(snapshot.Marks));
        Assert.Equal(["a at 17: A", "b at 17: B"], await other.StatesAsync(1, "a", "b", "c"));
        Assert.Empty(await other.StatesAsync(2, "a"));
    }

    [Fact]
    public async Task An_owner_that_lost_its_shard_writes_nothing()
    {
        var old = (await store.AcquireAsync(0, Owner, default)).Epoch;
        await store.WriteAsync(Checkpoint(0, old, 5, Card("a", "A")), default);
        var present = (await store.AcquireAsync(0, new ShardOwner("node-2", null), default)).Epoch;

        Assert.False(await store.WriteAsync(Checkpoint(0, old, 9, Card("a", "zombie")), default));
        Assert.False(await store.QuarantineAsync(0, old, [new QuarantinedRecord(7, "zombie")], default));
        await store.ReportAsync([new ShardReport { Partition = 0, Epoch = old, Phase = "zombie" }], default);

        Assert.Equal(["a at 5: A"], await store.StatesAsync(0, "a"));
        var shard = Assert.Single(await store.ShardsAsync(default));
        Assert.Equal((present, "", 5L, "node-2"), (shard.Report.Epoch, shard.Report.Phase, shard.CheckpointOffset, shard.Owner.NodeId));
        Assert.Empty((await store.AcquireAsync(0, Owner, default)).Quarantined);
    }

    [Fact]
    public async Task Rows_are_read_with_the_epoch_that_tells_their_owner_whether_it_still_is()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        await store.WriteAsync(Checkpoint(0, epoch, 5, Card("a", "A", watched: true)), default);
        Assert.Equal((epoch, 1), await EpochAndRowsAsync());
        await using var other = Open();
        await other.AcquireAsync(0, new ShardOwner("node-2", null), default);
        Assert.Equal((epoch + 1, 1), await EpochAndRowsAsync());
        Assert.Equal((0, 0), ((await store.LoadWatchedAsync(1, default)).Epoch, (await store.LoadWatchedAsync(1, default)).Rows.Count));

        async Task<(long Epoch, int Rows)> EpochAndRowsAsync()
        {
            var rows = await store.LoadAsync(0, [new EntityKey("card", "a"u8.ToArray()), new EntityKey("card", "b"u8.ToArray())], default);
            var watched = await store.LoadWatchedAsync(0, default);
            Assert.Equal((rows.Epoch, rows.Rows.Count), (watched.Epoch, watched.Rows.Count));
            return (rows.Epoch, rows.Rows.Count);
        }
    }

    [Fact]
    public async Task A_shard_that_nobody_took_over_cannot_be_written()
    {
        Assert.False(await store.WriteAsync(Checkpoint(0, 1, 5, Card("a", "A")), default));
        Assert.False(await store.QuarantineAsync(0, 1, [new QuarantinedRecord(7, "")], default));
        Assert.Empty(await store.StatesAsync(0, "a"));
    }

    [Fact]
    public async Task A_write_that_is_interrupted_leaves_nothing()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        await store.WriteAsync(Checkpoint(0, epoch, 5, Card("k0", "old")), default);
        var entities = new Interrupted(9_000, 8_500, () => throw new InvalidOperationException("interrupted"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.WriteAsync(Checkpoint(0, epoch, 9, entities), default));

        Assert.Equal(["k0 at 5: old"], await store.StatesAsync(0, "k0", "k1", "k8000"));
        Assert.Equal((5L, 1L), await ShardAsync(s => (s.CheckpointOffset!.Value, s.StoredEntities)));
        Assert.True(await store.WriteAsync(Checkpoint(0, epoch, 9, Card("k0", "new")), default));
    }

    [Fact]
    public async Task The_version_before_the_last_is_kept_though_a_write_is_repeated()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        await store.WriteAsync(Checkpoint(0, epoch, 1, Card("a", "one")), default);
        await store.WriteAsync(Checkpoint(0, epoch, 2, Card("a", "two"), Card("b", "two")), default);
        Assert.True(await store.WriteAsync(Checkpoint(0, epoch, 2, Card("a", "two"), Card("b", "two")), default));
        Assert.Equal(["a at 2: two, before 1: one", "b at 2: two"], await store.StatesAsync(0, "a", "b"));
        await store.WriteAsync(Checkpoint(0, epoch, 3, Card("a", "three")), default);
        Assert.Equal(["a at 3: three, before 2: two"], await store.StatesAsync(0, "a"));
    }

    [Fact]
    public async Task Ten_thousand_entities_are_written_and_read_at_once()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        for (var offset = 1; offset <= 3; offset++)
        {
            var entities = Enumerable.Range(0, 10_000).Select(i => Card($"k{i}", $"{offset} {i} {new string('x', 2_000)}")).ToList();
            Assert.True(await store.WriteAsync(Checkpoint(0, epoch, offset, entities), default));
        }

        var rows = await store.LoadAsync(0, [.. Enumerable.Range(0, 10_000).Select(i => new EntityKey("card", Encoding.UTF8.GetBytes($"k{i}")))], default);
        Assert.Equal(10_000, rows.Rows.Count);
        Assert.All(rows.Rows, row =>
        {
            var number = Text(row.Key)[1..];
            Assert.StartsWith($"3 {number} x", Text(row.State), StringComparison.Ordinal);
            Assert.StartsWith($"2 {number} x", Text(row.PreviousState), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Keys_and_states_are_bytes_of_any_kind()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        byte[] key = [0, 255, 1, 92, 39];
        byte[] padded = [7, .. key, 7];
        await store.WriteAsync(Checkpoint(0, epoch, 1, new EntityWrite("user", padded.AsMemory(1, 5), Array.Empty<byte>(), long.MinValue, false)), default);
        var row = Assert.Single((await store.LoadAsync(0, [new EntityKey("user", key), new EntityKey("card", key)], default)).Rows);
        Assert.Equal(("user", 0), (row.Kind, row.State.Length));
        Assert.Equal(key, row.Key.ToArray());
    }

    [Fact]
    public async Task Entities_that_wait_for_the_watermark_are_read_until_they_no_longer_do()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        await store.WriteAsync(Checkpoint(0, epoch, 1, Card("a", "A", watched: true), Card("b", "B"), Card("c", "C", watched: true)), default);
        Assert.Equal(["a at 1: A", "c at 1: C"], (await store.LoadWatchedAsync(0, default)).Rows.Select(Text).Order(StringComparer.Ordinal));
        await store.WriteAsync(Checkpoint(0, epoch, 2, Card("a", "A")), default);
        Assert.Equal(["c at 1: C"], (await store.LoadWatchedAsync(0, default)).Rows.Select(Text));
        Assert.Empty((await store.LoadWatchedAsync(1, default)).Rows);
    }

    [Fact]
    public async Task A_quarantined_record_is_told_to_each_owner_though_a_checkpoint_lies_behind_it()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        foreach (var offset in new[] { 0, 12, 7, 7 })
            Assert.True(await store.QuarantineAsync(0, epoch, [new QuarantinedRecord(offset, "it threw")], default));
        var snapshot = await store.AcquireAsync(0, Owner, default);
        Assert.Equal([(0, "it threw"), (7, "it threw"), (12, "it threw")], snapshot.Quarantined.Select(q => (q.Offset, q.Reason)));
        await store.WriteAsync(Checkpoint(0, snapshot.Epoch, 7), default);
        Assert.Equal([0, 7, 12], (await store.AcquireAsync(0, Owner, default)).Quarantined.Select(q => q.Offset));
        Assert.Empty((await store.AcquireAsync(1, Owner, default)).Quarantined);
    }

    [Fact]
    public async Task Of_too_many_quarantined_records_the_oldest_before_the_checkpoint_are_forgotten()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        await RunSqlAsync($"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {ShardSnapshot.MaxQuarantined - 1}) INSERT INTO scoring_quarantine (partition, record_offset, reason) SELECT 0, i, '' FROM n");
        await store.QuarantineAsync(0, epoch, [new QuarantinedRecord(1_000_000, "before any checkpoint")], default);
        await store.WriteAsync(Checkpoint(0, epoch, 1), default);
        await store.QuarantineAsync(0, epoch, [new QuarantinedRecord(1_000_001, "the checkpoint is behind one note alone")], default);
        Assert.Equal(Enumerable.Range(1, ShardSnapshot.MaxQuarantined - 1).Select(i => (long)i).Append(1_000_000).Append(1_000_001), (await store.AcquireAsync(0, Owner, default)).Quarantined.Select(q => q.Offset));

        Assert.False(await store.QuarantineAsync(0, epoch, [new QuarantinedRecord(1_000_002, "zombie")], default));
        Assert.Equal(ShardSnapshot.MaxQuarantined + 1, (await store.AcquireAsync(0, Owner, default)).Quarantined.Count);
    }

    [Fact]
    public async Task What_has_grown_old_is_removed_in_stretches()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        var old = Enumerable.Range(0, 3_000).Select(i => Card($"old{i}", "1234", newest: i));
        await store.WriteAsync(Checkpoint(0, epoch, 1, [.. old, Card("new", "5", newest: 3_000), Card("open", "6", newest: 0, watched: true)]), default);
        await store.WriteAsync(Checkpoint(0, epoch, 1, new EntityWrite("user", new byte[1], new byte[1], 0, false)), default);

        long left;
        do
        {
            left = await ShardAsync(s => s.StoredEntities);
            await store.WriteAsync(Checkpoint(0, epoch, 2) with { Purges = [new EntityPurge("card", 3_000)] }, default);
        }
        while (await ShardAsync(s => s.StoredEntities) < left);
        Assert.Equal((3L, 3L), await ShardAsync(s => (s.StoredEntities, s.StoredBytes)));
        Assert.Equal(["new at 1: 5", "open at 1: 6"], await store.StatesAsync(0, "new", "open", "old1", "old2999"));
    }

    [Fact]
    public async Task What_is_stored_is_counted_once_whatever_is_repeated()
    {
        var epoch = (await store.AcquireAsync(0, Owner, default)).Epoch;
        foreach (var state in new[] { "12345", "1", "1", "123" })
            await store.WriteAsync(Checkpoint(0, epoch, state.Length, Card("a", state), Card("b", "7")), default);
        Assert.Equal((2L, 4L), await ShardAsync(s => (s.StoredEntities, s.StoredBytes)));
    }

    [Fact]
    public async Task What_an_owner_reports_is_listed_with_its_age()
    {
        await store.AcquireAsync(3, Owner, default);
        var epoch = (await store.AcquireAsync(1, Owner, default)).Epoch;
        var before = await store.ShardsAsync(default);
        Assert.Equal([1, 3], before.Select(s => s.Report.Partition));
        Assert.All(before, s => Assert.Equal((Owner, null, null, null), (s.Owner, s.CheckpointOffset, s.CheckpointAge, s.ReportAge)));

        var report = new ShardReport { Partition = 1, Epoch = epoch, Phase = "live", CommittedOffset = 5, EndOffset = 9, WatermarkMicros = -3, Entities = 7, EntityBytes = 8 };
        await store.ReportAsync([report, new ShardReport { Partition = 3, Epoch = 99, Phase = "live" }], default);
        await store.WriteAsync(Checkpoint(1, epoch, 4), default);
        var after = await store.ShardsAsync(default);
        Assert.Equal(report, after[0].Report);
        Assert.InRange(after[0].ReportAge!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.InRange(after[0].CheckpointAge!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.Equal("", after[1].Report.Phase);
    }

    [Theory]
    [InlineData("other", "", 4, "scoring", "other")]
    [InlineData("transactions", "", 8, "scoring", "8 partitions")]
    [InlineData("transactions", "", 4, "another", "another")]
    [InlineData("transactions", "id-2", 4, "scoring", "id-2")]
    public async Task The_state_of_another_log_is_refused(string topic, string id, int partitions, string group, string named)
    {
        await store.PrepareAsync(Log with { TopicId = "id-1" }, default);
        await store.PrepareAsync(Log, default);
        await using var other = Open();
        var error = await Assert.ThrowsAsync<SnapshotStoreMismatchException>(() => other.PrepareAsync(new LogIdentity(topic, id, partitions, group), default));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("Scoring:State", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_that_start_at_once_prepare_one_store()
    {
        await CreateDatabaseAsync();
        var nodes = Enumerable.Range(0, 6).Select(_ => Open()).ToList();
        await Task.WhenAll(nodes.Select(n => n.PrepareAsync(Log, default)));
        var epochs = await Task.WhenAll(nodes.Select(n => n.AcquireAsync(0, Owner, default)));
        Assert.Equal([1, 2, 3, 4, 5, 6], epochs.Select(e => e.Epoch).Order());
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(99)]
    public async Task An_earlier_or_newer_schema_is_refused(int version)
    {
        await RunSqlAsync($"UPDATE scoring_state SET version = {version}");
        var error = await Assert.ThrowsAsync<SnapshotStoreMismatchException>(() => store.PrepareAsync(Log, default));
        Assert.Contains($"schema version {version}", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Makes a new database, which the stores opened from then on use.</summary>
    protected abstract Task CreateDatabaseAsync();

    /// <summary>Opens a store as another process would.</summary>
    protected abstract ISnapshotStore Open();

    protected abstract Task RunSqlAsync(string sql);

    private static bool SameSnapshot(ShardSnapshot a, ShardSnapshot b) =>
        a.Epoch == b.Epoch && a.Offset == b.Offset && a.Marks.Span.SequenceEqual(b.Marks.Span) && a.Quarantined.SequenceEqual(b.Quarantined);

    private async Task<T> ShardAsync<T>(Func<ShardRow, T> read) => read(Assert.Single(await store.ShardsAsync(default)));
}
