using Akka.Actor;
using Akka.Persistence;
using Scoring.Actors.Snapshots;
using static Scoring.IntegrationTests.Snapshots.StoreNode;

namespace Scoring.IntegrationTests.Snapshots;

/// <summary>What the snapshot store promises on every database.</summary>
public abstract class SnapshotStoreConformance : IAsyncLifetime
{
    private const string Class = "class = \"Scoring.Actors.Snapshots.GroupCommitSnapshotStore, Scoring.Actors\"\n";
    private const string Stock = "class = \"Akka.Persistence.Sql.Snapshot.SqlSnapshotStore, Akka.Persistence.Sql\"\n";

    private readonly List<StoreNode> nodes = [];

    /// <summary>Of our store: which database.</summary>
    protected abstract string Place { get; }

    /// <summary>Of Akka.Persistence.Sql: the same database.</summary>
    protected abstract string StockPlace { get; }

    public async Task InitializeAsync() => await CreateDatabaseAsync();

    public virtual async Task DisposeAsync()
    {
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    [Fact]
    public void What_was_saved_is_loaded_up_to_the_number_and_time_that_are_asked_for()
    {
        var node = Open();
        var noon = new DateTime(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);
        node.Save(Saving("a", 5, Frozen("five"), noon), Saving("a", 9, Frozen("nine"), noon.AddHours(1)), Saving("b", 7, Frozen("other")));
        Assert.Equal("9: nine", node.Load("a"));
        Assert.Equal("5: five", node.Load("a", to: 8));
        Assert.Equal("none", node.Load("a", to: 4));
        Assert.Equal("5: five", node.Load("a", criteria: new SnapshotSelectionCriteria(long.MaxValue, noon.AddMinutes(1))));
        Assert.Equal("none", node.Load("a", to: 8, criteria: new SnapshotSelectionCriteria(long.MaxValue, DateTime.MaxValue, 6)));
        Assert.Equal("none", node.Load("a", criteria: SnapshotSelectionCriteria.None));
        Assert.Equal("none", node.Load("c"));
        Assert.Equal("7: other", node.Load("b"));
    }

    [Fact]
    public void A_snapshot_without_a_time_gets_one_and_all_else_of_it_comes_back()
    {
        var node = Open();
        var before = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-1);
        var saved = node.Ask<SaveSnapshotSuccess>(Saving("a", 5, Frozen("five"))).Metadata;
        Assert.InRange(saved.Timestamp, before, TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(1));
        Assert.Equal(saved, node.Ask<LoadSnapshotResult>(new LoadSnapshot("a", SnapshotSelectionCriteria.Latest, 5)).Snapshot.Metadata);
    }

    [Fact]
    public void What_comes_within_the_window_is_one_group()
    {
        var node = Open("group-window = 300ms");
        node.Save(Enumerable.Range(0, 700).Select(i => Saving($"id-{i % 350}", i, Frozen($"state {i}"))));
        Assert.Equal(1, node.Groups("save"));
        node.Save(Saving("id-0", 1_000, Frozen("alone")));
        Assert.Equal(2, node.Groups("save"));
        Assert.Equal("1000: alone", node.Load("id-0"));
        Assert.Equal("699: state 699", node.Load("id-349"));
    }

    [Fact]
    public void A_full_group_does_not_wait_for_its_window()
    {
        var node = Open("group-window = 1s\nmax-group-rows = 10\nmax-group-bytes = 1000");
        using var full = new CounterReading(node.Meters, "scoring.snapshots.full_groups");
        node.Save(Enumerable.Range(0, 20).Select(i => Saving($"id-{i}", 1, Frozen("small"))));
        Assert.Equal((2, 2L), (node.Groups("save"), full.Total));
        node.Save(Enumerable.Range(0, 6).Select(i => Saving($"id-{i}", 2, Frozen(new string('x', 400)))));
        Assert.Equal("2: " + new string('x', 400), node.Load("id-5"));
        Assert.Equal(5, node.Groups("save"));
    }

    [Fact]
    public async Task Loads_that_come_together_are_one_query_and_each_gets_its_own_answer()
    {
        var node = Open();
        node.Save(Enumerable.Range(0, 300).Select(i => Saving($"id-{i}", i, Frozen($"state {i}"))));
        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => node.Store.Ask<LoadSnapshotResult>(new LoadSnapshot($"id-{i}", SnapshotSelectionCriteria.Latest, long.MaxValue), TimeSpan.FromSeconds(60))));
        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"{i}: state {i}"), answers.Select(a => Text(a.Snapshot)));
        Assert.InRange(node.Groups("load"), 1, 150);
    }

    [Fact]
    public void Of_two_saves_of_one_row_the_later_stands()
    {
        var node = Open("group-window = 200ms");
        using var halved = new CounterReading(node.Meters, "scoring.snapshots.halved_groups");
        node.Save(Saving("a", 5, Frozen("first")), Saving("a", 5, Frozen("second")));
        Assert.Equal("5: second", node.Load("a"));
        Assert.Equal(0, halved.Total);
        node.Save(Saving("a", 5, Frozen("third")));
        Assert.Equal("5: third", node.Load("a"));
    }

    [Fact]
    public async Task A_bad_row_fails_alone_and_a_failed_save_deletes_nothing()
    {
        var node = Open("group-window = 200ms");
        node.Save(Saving("bad", 5, Frozen("before")));
        await RefuseNamesAsync("bad");
        using var halved = new CounterReading(node.Meters, "scoring.snapshots.halved_groups");
        var saves = Enumerable.Range(0, 30).Select(i => Saving(i == 17 ? "bad" : $"id-{i}", 5, Frozen("after"))).ToList();
        saves.ForEach(node.Tell);
        var answers = node.Answers(30);
        var failure = Assert.Single(answers.OfType<SaveSnapshotFailure>());
        Assert.Equal("bad", failure.Metadata.PersistenceId);
        Assert.IsNotType<SnapshotUnavailableException>(failure.Cause);
        Assert.Equal(29, answers.OfType<SaveSnapshotSuccess>().Count());
        Assert.InRange(halved.Total, 1, 5);
        Assert.Equal("5: before", node.Load("bad"));
        Assert.Equal("5: after", node.Load("id-29"));
    }

    [Fact]
    public async Task A_payload_that_cannot_be_serialised_or_read_fails_alone()
    {
        var node = Open("group-window = 100ms");
        node.Tell(Saving("large", 1, new FrozenState(new byte[2_000_000])));
        node.Tell(Saving("null", 1, null!));
        node.Tell(Saving("good", 1, Frozen("good")));
        Assert.Equal(2, node.Answers(3).OfType<SaveSnapshotFailure>().Count());
        node.Save(Saving("odd", 1, Frozen("odd")));
        await RunSqlAsync("UPDATE snapshot SET manifest = 'unknown' WHERE persistence_id = 'odd'");
        using var halved = new CounterReading(node.Meters, "scoring.snapshots.halved_groups");
        node.Tell(new LoadSnapshot("odd", SnapshotSelectionCriteria.Latest, 9));
        node.Tell(new LoadSnapshot("good", SnapshotSelectionCriteria.Latest, 9));
        var answers = node.Answers(2);
        Assert.Contains("unknown manifest", Assert.Single(answers.OfType<LoadSnapshotFailed>()).Cause.Message, StringComparison.Ordinal);
        Assert.Equal("1: good", Text(Assert.Single(answers.OfType<LoadSnapshotResult>()).Snapshot));
        Assert.Equal(0, halved.Total);
    }

    [Fact]
    public async Task Two_stores_write_the_same_ids_at_once()
    {
        var (one, two) = (Open(), Open());
        one.Save(Saving("first", 1, Frozen("so that the tables are there")));
        await Task.WhenAll(Task.Run(() => Rounds(one, forth: true)), Task.Run(() => Rounds(two, forth: false)));
        Assert.Equal(400, await CountAsync("persistence_id LIKE 'id-%'"));

        static void Rounds(StoreNode node, bool forth)
        {
            for (var round = 0; round < 12; round++)
            {
                var ids = Enumerable.Range(0, 400);
                node.Save((forth ? ids : ids.Reverse()).Select(i => Saving($"id-{i}", 1, Frozen(new string('x', 300)))));
            }
        }
    }

    [Fact]
    public void The_stock_plugin_reads_ours_and_ours_reads_the_stock_plugins()
    {
        var ours = Open();
        ours.Save(Saving("first", 1, Frozen("so that the stock plugin finds the table: it fails where another makes it at the same moment")));
        var stock = Add(new StoreNode(Stock + StockPlace));
        object[] payloads = [Frozen("frozen"), new byte[] { 1, 2, 3 }, Array.Empty<byte>(), "text"];
        for (var i = 0; i < payloads.Length; i++)
        {
            ours.Save(Saving($"ours-{i}", 5, payloads[i]));
            stock.Save(Saving($"stock-{i}", 5, payloads[i]));
        }

        for (var i = 0; i < payloads.Length; i++)
        {
            Assert.Equal(ours.Load($"stock-{i}"), stock.Load($"stock-{i}"));
            Assert.Equal(ours.Load($"ours-{i}"), stock.Load($"ours-{i}"));
            Assert.Equal(ours.Load($"ours-{i}"), ours.Load($"stock-{i}"));
            Assert.NotEqual("none", ours.Load($"ours-{i}"));
        }

        stock.Save(Saving("ours-0", 5, "the stock plugin's"), Saving("ours-0", 6, Frozen("newer")));
        ours.Save(Saving("stock-0", 5, Frozen("ours")));
        Assert.Equal(("5: the stock plugin's", "6: newer"), (ours.Load("ours-0", to: 5), ours.Load("ours-0")));
        Assert.Equal("5: ours", stock.Load("stock-0"));
        var (mine, theirs) = (new LoadSnapshot("ours-1", SnapshotSelectionCriteria.Latest, 9), new LoadSnapshot("stock-1", SnapshotSelectionCriteria.Latest, 9));
        Assert.Equal(ours.Ask<LoadSnapshotResult>(mine).Snapshot.Metadata, stock.Ask<LoadSnapshotResult>(mine).Snapshot.Metadata);
        Assert.Equal(stock.Ask<LoadSnapshotResult>(theirs).Snapshot.Metadata, ours.Ask<LoadSnapshotResult>(theirs).Snapshot.Metadata);
    }

    [Fact]
    public async Task A_row_of_ours_is_the_stock_plugins_row_column_by_column()
    {
        var ours = Open();
        ours.Save(Saving("first", 1, Frozen("so that the stock plugin finds the table: it fails where another makes it at the same moment")));
        var stock = Add(new StoreNode(Stock + StockPlace));
        object[] payloads = [Frozen("frozen"), new byte[] { 1, 2, 3 }, Array.Empty<byte>(), "text"];
        var noon = new DateTime(2026, 3, 1, 12, 0, 0, 123, DateTimeKind.Utc);
        for (var i = 0; i < payloads.Length; i++)
        {
            ours.Save(Saving("ours", i, payloads[i], noon));
            stock.Save(Saving("stock", i, payloads[i], noon));
        }

        var rows = await RowsOfAsync("ours");
        Assert.Equal(rows, await RowsOfAsync("stock"));
        Assert.Equal(payloads.Length, rows.Count);

        Task<IReadOnlyList<string>> RowsOfAsync(string id) => QueryAsync(
            $"SELECT created || ' ' || coalesce(serializer_id, -1) || ' ' || coalesce(manifest, 'null') || ' ' || length(snapshot) FROM snapshot WHERE persistence_id = '{id}' ORDER BY sequence_number");
    }

    [Fact]
    public void The_store_takes_a_table_that_the_stock_plugin_made()
    {
        var stock = Add(new StoreNode(Stock + StockPlace));
        stock.Save(Saving("a", 5, Frozen("stock")));
        var ours = Open();
        Assert.Equal("5: stock", ours.Load("a"));
        ours.Save(Saving("a", 5, Frozen("ours")), Saving("b", 1, Array.Empty<byte>()));
        Assert.Equal("5: ours", stock.Load("a"));
        Assert.Equal("1: ", stock.Load("b"));
    }

    [Fact]
    public async Task Akkas_deletes_delete_what_they_name()
    {
        var node = Open("max-deleted-rows = 3");
        using var full = new CounterReading(node.Meters, "scoring.snapshots.full_deletes");
        var noon = new DateTime(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);
        node.Save(Enumerable.Range(1, 12).Select(i => Saving("a", i, Frozen("a"), noon)));
        node.Save(Saving("b", 1, Frozen("b"), noon));
        node.Ask<DeleteSnapshotSuccess>(new DeleteSnapshot(new SnapshotMetadata("a", 12, DateTime.MinValue)));
        node.Ask<DeleteSnapshotSuccess>(new DeleteSnapshot(new SnapshotMetadata("a", 11, noon.AddSeconds(-1))));
        Assert.Equal(11, await CountAsync("persistence_id = 'a'"));
        node.Ask<DeleteSnapshotsSuccess>(new DeleteSnapshots("a", new SnapshotSelectionCriteria(8)));
        Assert.Equal(3, await CountAsync("persistence_id = 'a' AND sequence_number > 8"));
        Assert.Equal(3, await CountAsync("persistence_id = 'a'"));
        Assert.Equal(2, full.Total);
        node.Ask<DeleteSnapshotsSuccess>(new DeleteSnapshots("a", SnapshotSelectionCriteria.Latest));
        Assert.Equal(1, await CountAsync("1 = 1"));
    }

    [Fact]
    public async Task Rows_are_deleted_by_lists()
    {
        var node = Open("max-deleted-rows = 4");
        node.Save(Enumerable.Range(0, 10).SelectMany(i => new[] { Saving($"id-{i}", 1, Frozen("old")), Saving($"id-{i}", 2, Frozen("new")) }));
        var request = new DeleteSnapshotRows([.. Enumerable.Range(0, 10).Reverse().Select(i => new SnapshotKey($"id-{i}", 1)), new SnapshotKey("none", 1)]);
        Assert.Equal(new SnapshotRowsDeleted(request, 10, true), node.Ask(request));
        Assert.Equal(new SnapshotRowsDeleted(request, 0, true), node.Ask(request));
        Assert.Equal((0, 10), (await CountAsync("sequence_number = 1"), await CountAsync("sequence_number = 2")));
    }

    [Fact]
    public async Task Of_what_newer_rows_stand_for_the_newest_up_to_the_mark_stays()
    {
        var node = Open("max-deleted-rows = 5");
        foreach (var id in new[] { "a", "aa", "b", "c" })
            node.Save(new[] { 3, 5, 7, 12 }.Select(n => Saving(id, n, Frozen(id))));
        node.Save(Saving("late", 20, Frozen("late")));
        var request = new DeleteOlderSnapshots([new("a", 10, 10), new("late", 10, 10), new("b", 4, 10), new("c", 5, 5)]);
        Assert.Equal(new SnapshotRowsDeleted(request, 4, true), node.Ask(request));
        Assert.Equal(["a 7", "a 12", "aa 3", "aa 5", "aa 7", "aa 12", "b 5", "b 7", "b 12", "c 5", "c 7", "c 12", "late 20"], await RowsAsync());

        var rest = new DeleteOlderSnapshots([new("a", 12, 12), new("b", 12, 12), new("c", 12, 12), new("aa", 12, 12)]);
        Assert.Equal(new SnapshotRowsDeleted(rest, 5, false), node.Ask(rest));
        Assert.Equal(new SnapshotRowsDeleted(rest, 3, true), node.Ask(rest));
        Assert.Equal(["a 12", "aa 12", "b 12", "c 12", "late 20"], await RowsAsync());
        Assert.Throws<ArgumentOutOfRangeException>(() => new OlderSnapshots("a", 11, 10));
    }

    [Fact]
    public async Task Rows_are_deleted_by_what_their_ids_begin_with_a_bounded_number_at_a_time()
    {
        var node = Open("max-deleted-rows = 7");
        string[] kept = ["c/30/a", "c/2/z", "C/3/a", "c/3", "c-3/a", "m/3", "d/4/00"];
        node.Save(kept.Select(id => Saving(id, 1, Frozen(id))));
        node.Save(Enumerable.Range(0, 30).SelectMany(i => new[] { Saving($"c/3/{i:x}f", 5, Frozen("old")), Saving($"c/3/{i:x}f", long.MaxValue, Frozen("new")) }));
        node.Save(Saving("d/3/00", 5, Frozen("dues")), Saving("d/3/63", 5, Frozen("dues")));
        var (gone, most) = (0, 0);
        var request = new DeleteSnapshotsByPrefix(["c/3/", "d/3/"]);
        for (SnapshotsDeletedByPrefix? answer = null; answer is not { Next: null };)
        {
            answer = node.Ask<SnapshotsDeletedByPrefix>(request with { After = answer?.Next });
            (gone, most) = (gone + answer.Count, Math.Max(most, answer.Count));
        }

        Assert.Equal((62, 7), (gone, most));
        Assert.Equal(kept.Order(StringComparer.Ordinal), (await QueryAsync("SELECT persistence_id FROM snapshot")).Order(StringComparer.Ordinal));
        Assert.Equal(0, node.Ask<SnapshotsDeletedByPrefix>(request).Count);
    }

    [Fact]
    public void The_greater_fence_stands()
    {
        var (one, two) = (Open(), Open());
        FenceToken mine = new(1, "node-1", 17), greater = new(1, "node-2", 3), next = new(2, "node-1", 5);
        Assert.Null(one.Ask<FenceStands>(new ReadFence("transactions", 3)).Token);
        Assert.Equal(new FenceStands("transactions", 3, mine), one.Ask(new WriteFence("transactions", 3, mine)));
        Assert.Equal(mine, one.Ask<FenceStands>(new WriteFence("transactions", 3, mine)).Token);
        Assert.Equal(greater, two.Ask<FenceStands>(new WriteFence("transactions", 3, greater)).Token);
        Assert.Equal(greater, one.Ask<FenceStands>(new WriteFence("transactions", 3, mine)).Token);
        Assert.Equal(next, one.Ask<FenceStands>(new WriteFence("transactions", 3, next)).Token);
        Assert.Equal(next, two.Ask<FenceStands>(new WriteFence("transactions", 3, greater with { Random = 99 })).Token);
        Assert.Equal(next, two.Ask<FenceStands>(new WriteFence("transactions", 3, next with { Random = 4 })).Token);
        Assert.Equal(next, two.Ask<FenceStands>(new ReadFence("transactions", 3)).Token);
        Assert.Null(two.Ask<FenceStands>(new ReadFence("entity-activity", 3)).Token);
    }

    [Fact]
    public void Fences_that_are_asked_for_together_are_answered_each_with_its_own()
    {
        var node = Open();
        var fences = Enumerable.Range(0, 64).Select(p => new WriteFence("transactions", 63 - p, new FenceToken(p + 1, "node", p))).ToList();
        fences.ForEach(node.Tell);
        Assert.Equal(fences.OrderBy(f => f.Partition), node.Answers(64).Cast<FenceStands>().Select(f => new WriteFence(f.Topic, f.Partition, f.Token!)).OrderBy(f => f.Partition));
        Assert.InRange(node.Groups("fence"), 1, 32);
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_may_be_repeated()
    {
        var node = Open("group-window = 1s\nmax-waiting-rows = 5\nmax-waiting-bytes = 900\nmax-waiting-fence-calls = 1");
        using var refused = new CounterReading(node.Meters, "scoring.snapshots.refused");
        var saves = Enumerable.Range(0, 8).Select(i => Saving($"id-{i}", 1, Frozen("x"))).ToList();
        saves.ForEach(node.Tell);
        var answers = node.Answers(8);
        var failures = answers.OfType<SaveSnapshotFailure>().ToList();
        Assert.Equal(["id-5", "id-6", "id-7"], failures.Select(f => f.Metadata.PersistenceId));
        Assert.All(failures, f => Assert.IsType<SnapshotUnavailableException>(f.Cause));
        Assert.Equal(3, refused.Total);
        node.Save(saves[5..]);

        node.Tell(Saving("large", 1, Frozen(new string('x', 500))));
        node.Tell(Saving("larger", 1, Frozen(new string('x', 500))));
        node.Tell(Saving("largest", 1, Frozen(new string('x', 1_000))));
        var sizes = node.Answers(3);
        Assert.IsType<SnapshotUnavailableException>(Assert.Single(sizes.OfType<SaveSnapshotFailure>(), f => f.Metadata.PersistenceId == "larger").Cause);
        Assert.IsType<ArgumentException>(Assert.Single(sizes.OfType<SaveSnapshotFailure>(), f => f.Metadata.PersistenceId == "largest").Cause);
        Assert.Equal("large", Assert.Single(sizes.OfType<SaveSnapshotSuccess>()).Metadata.PersistenceId);
        Assert.Equal(4, refused.Total);
    }

    [Fact]
    public async Task A_store_that_another_holds_locked_fails_saves_that_may_be_repeated()
    {
        var node = Open("command-timeout = 200ms");
        node.Save(Saving("a", 5, Frozen("before")));
        var save = Saving("a", 5, Frozen("after"));
        await using (await LockAsync())
            Assert.IsType<SnapshotUnavailableException>(node.Ask<SaveSnapshotFailure>(save).Cause);
        Assert.Equal("5: before", node.Load("a"));
        node.Save(save);
        Assert.Equal("5: after", node.Load("a"));
    }

    [Fact]
    public async Task A_stop_answers_all_that_is_open()
    {
        var node = Open("group-window = 0s\nmax-group-rows = 5");
        node.Save(Saving("first", 1, Frozen("so that the tables are there")));
        await using (await LockAsync())
        {
            foreach (var i in Enumerable.Range(0, 12))
                node.Tell(Saving($"id-{i}", 1, Frozen("x")));
            node.Tell(new DeleteSnapshotRows([new SnapshotKey("a", 1)]));
            await Eventually.TrueAsync(() => Waiting(node, "write") == 13, "all calls wait");
            node.Stop();
            var answers = node.Answers(13);
            Assert.Equal(12, answers.OfType<SaveSnapshotFailure>().Count());
            Assert.IsType<SnapshotUnavailableException>(Assert.Single(answers.OfType<DeleteSnapshotRowsFailed>()).Cause);
            Assert.All(answers.OfType<SaveSnapshotFailure>(), f => Assert.IsType<SnapshotUnavailableException>(f.Cause));
            Assert.Equal(0, Waiting(node, "write"));
        }
    }

    [Fact]
    public void What_is_done_is_counted()
    {
        var node = Open();
        string[] names = ["saved", "saved_bytes", "loaded", "deleted", "failures"];
        var readings = names.Select(n => new CounterReading(node.Meters, $"scoring.snapshots.{n}")).ToList();
        node.Save(Saving("a", 1, Frozen("1234")), Saving("a", 2, Frozen("12345")));
        node.Load("a");
        node.Load("b");
        node.Ask<DeleteSnapshotsSuccess>(new DeleteSnapshots("a", SnapshotSelectionCriteria.Latest));
        node.Ask<SaveSnapshotFailure>(Saving("a", 1, null!));
        Assert.Equal([2, 9, 1, 2, 1], readings.Select(r => r.Total));
        readings.ForEach(r => r.Dispose());
    }

    protected abstract Task CreateDatabaseAsync();

    protected abstract Task<IReadOnlyList<string>> QueryAsync(string sql);

    /// <summary>Makes the table refuse a persistence id from now on.</summary>
    protected abstract Task RefuseNamesAsync(string id);

    /// <summary>Keeps others from writing until it is disposed.</summary>
    protected abstract Task<IAsyncDisposable> LockAsync();

    protected Task RunSqlAsync(string sql) => QueryAsync(sql);

    private protected StoreNode Open(string settings = "") => Add(new StoreNode(Class + Place + "\n" + settings));

    private StoreNode Add(StoreNode node)
    {
        nodes.Add(node);
        return node;
    }

    private async Task<int> CountAsync(string condition) =>
        int.Parse(Assert.Single(await QueryAsync($"SELECT count(*) FROM snapshot WHERE {condition}")), System.Globalization.CultureInfo.InvariantCulture);

    private Task<IReadOnlyList<string>> RowsAsync() => QueryAsync("SELECT persistence_id || ' ' || sequence_number FROM snapshot ORDER BY persistence_id, sequence_number");

    private static long Waiting(StoreNode node, string lane)
    {
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        var seen = 0L;
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Name == "scoring.snapshots.waiting" && instrument.Meter.Scope == node.Meters)
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => seen += tags[0].Value is string name && name == lane ? value : 0);
        listener.Start();
        listener.RecordObservableInstruments();
        return seen;
    }
}
