using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Log;
using Scoring.Actors.Partitions;
using Scoring.Actors.Snapshots;
using Scoring.Actors.State;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using Scoring.Tests.Features;
using Xunit.Abstractions;

namespace Scoring.Tests.Partitions;

/// <summary>A bootstrap makes the state that an owner would have that had seen the history. A failure names its seed.</summary>
public sealed class PartitionBootstrapTests : IAsyncLifetime
{
    private const string Topic = "transactions";
    private const long Offset = 5;
    private const int Streams = 250;

    private readonly ITestOutputHelper output;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("scoring-bootstrap-");
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly BootstrapStore store;

    public PartitionBootstrapTests(ITestOutputHelper output)
    {
        this.output = output;
        store = BootstrapStore.Open(new StateOptions { Path = Path.Combine(folder.FullName, "state.db") }, services.GetRequiredService<IMeterFactory>(), TimeProvider.System);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await store.DisposeAsync();
        await services.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(2)]
    public async Task What_goes_on_from_a_bootstrap_gives_the_features_and_sessions_of_an_engine_that_saw_the_history(int maxInMemory)
    {
        var (values, sessions, loaded) = (0L, 0L, 0L);
        for (var seed = 0; seed < Streams; seed++)
        {
            var stream = new RandomStream(seed);
            var options = new FeatureEngineOptions { DuplicateHorizon = TimeSpan.FromSeconds(stream.Horizon), LocalEntitiesOnly = true };
            var features = new CompiledFeatures(stream.Set, options);
            var engine = new FeatureEngine(stream.Set, options);
            engine.BeginHistory();
            var bootstrap = Bootstrap(features, seed, maxInMemory);
            await bootstrap.BeginAsync();
            var past = stream.Events.Count / 2;
            var (expected, actual) = (new double[stream.Features.Count], new double[stream.Features.Count]);
            for (var i = 0; i < past; i++)
            {
                if (stream.Labels[i] is { } labelled)
                {
                    engine.ApplyLabel(LabelOf(labelled));
                    await bootstrap.ApplyLabelAsync(RandomStream.Transaction(labelled), true, CancellationToken.None);
                }

                var transaction = RandomStream.Transaction(stream.Events[i]);
                var isNew = !engine.Apply(transaction, expected).Duplicate;
                if (i % 3 == 0)
                    Assert.Equal(isNew, await bootstrap.ApplyAsync(transaction, CancellationToken.None));
                else
                    await bootstrap.AddAsync(transaction, CancellationToken.None);
            }

            await bootstrap.CompleteAsync(CancellationToken.None);
            loaded += bootstrap.Counts.RowsLoaded;
            var owner = await OwnerAsync(features, seed);
            for (var i = past; i < stream.Events.Count; i++)
            {
                if (stream.Labels[i] is { } labelled)
                    Assert.Equal(engine.ApplyLabel(LabelOf(labelled)), await owner.LabelAsync(LabelOf(labelled)));
                var transaction = RandomStream.Transaction(stream.Events[i]);
                var wanted = engine.Apply(transaction, expected);
                var result = await owner.ApplyAsync(transaction, actual);
                Assert.True(wanted.Degraded.SequenceEqual(result.Degraded) && wanted with { Degraded = [] } == result with { Degraded = [] }, $"seed {seed} event {i}: {result}, not {wanted}\n{stream}");
                Assert.True(expected.AsSpan().SequenceEqual(actual), $"seed {seed} event {i}: {string.Join(' ', actual)}, not {string.Join(' ', expected)}\n{stream}");
                Assert.True(engine.SessionsClosed.Select(Text).Order().SequenceEqual(owner.SessionsClosed.Order()), $"seed {seed} event {i}: sessions\n{stream}");
                values += actual.Length;
                sessions += engine.SessionsClosed.Count;
            }
        }

        output.WriteLine($"{values} values and {sessions} sessions alike, {loaded} cardholders read again");
        Assert.True(sessions > 100);
        Assert.Equal(maxInMemory == 2, loaded > 0);
    }

    [Fact]
    public async Task Records_of_a_log_are_taken_as_an_owner_takes_them()
    {
        var bootstrap = Bootstrap(Counting(), 0, 100);
        await bootstrap.BeginAsync();
        var origin = new RecordOrigin("elsewhere", 2, 7);
        await bootstrap.ApplyAsync(Record("t-1", 1), CancellationToken.None);
        await bootstrap.ApplyAsync(Record("t-1", 1), CancellationToken.None);
        await bootstrap.ApplyAsync(Record("t-1", 1, amount: 7), CancellationToken.None);
        await bootstrap.ApplyAsync(Record("t-2", 2) with { Origin = origin }, CancellationToken.None);
        await bootstrap.ApplyAsync(Record("t-3", 3) with { Origin = origin }, CancellationToken.None);
        await bootstrap.ApplyAsync(Record("t-4", 4) with { Value = "{}"u8.ToArray() }, CancellationToken.None);
        await bootstrap.ApplyAsync(Record("t-5", 5) with { Kind = RecordKind.Tick, Key = null, Value = Tick.Write(Time(60)) }, CancellationToken.None);
        await bootstrap.CompleteAsync(CancellationToken.None);

        var counts = bootstrap.Counts;
        Assert.Equal((2L, 3L, 1L, 1L, 1L), (counts.Transactions, counts.Duplicates, counts.Conflicts, counts.Rejected, counts.RowsWritten));
        var manifest = await ManifestAsync(0);
        Assert.Equal((Offset, Topic, "id", 1, false), (manifest!.Offset, manifest.Topic, manifest.TopicId, manifest.Partitions, manifest.IsUnfinished));
        var marks = new LogMarks(Counting());
        marks.Restore(manifest.Marks);
        Assert.Equal(Time(60), marks.Time.WatermarkMicros);
        Assert.NotEmpty(manifest.Origins);
    }

    [Fact]
    public async Task Until_it_is_complete_the_newest_manifest_is_unfinished_whatever_a_former_owner_saves()
    {
        var bootstrap = Bootstrap(Counting(), 0, 2);
        await bootstrap.FenceAsync("node", 1, CancellationToken.None);
        await bootstrap.BeginAsync();
        Assert.True((await ManifestAsync(0))!.IsUnfinished);
        for (var i = 0; i < 20; i++)
            await bootstrap.ApplyAsync(Record($"t-{i}", i, user: $"u-{i}"), CancellationToken.None);
        var late = PartitionManifest.Unfinished(900, Topic, "id", 1) with { IsUnfinished = false };
        await store.SaveAsync([new BootstrapRow(new PartitionIds(0).Manifest, 900, new StoredState(StoredKind.Manifest, late.Write()))]);
        Assert.True((await ManifestAsync(0))!.IsUnfinished);
        Assert.True(bootstrap.Counts.RowsWritten > 0 && bootstrap.InMemory <= 2);

        await bootstrap.CompleteAsync(CancellationToken.None);
        Assert.Equal((Offset, false), ((await ManifestAsync(0))!.Offset, (await ManifestAsync(0))!.IsUnfinished));
    }

    [Fact]
    public async Task A_bootstrap_whose_partition_a_node_took_over_stays_unfinished()
    {
        var bootstrap = Bootstrap(Counting(), 0, 100);
        Assert.False(await bootstrap.FenceAsync("node", 1, CancellationToken.None));
        await bootstrap.BeginAsync();
        await bootstrap.ApplyAsync(Record("t-1", 1), CancellationToken.None);
        var mine = await store.ReadFenceAsync(Topic, 0, CancellationToken.None);
        Assert.Equal((1L, "node (bootstrap)"), (mine!.Counter, mine.Node));
        await store.WriteFenceAsync(Topic, 0, new FenceToken(2, "other", 5), CancellationToken.None);

        var thrown = await Assert.ThrowsAsync<BootstrapOvertakenException>(() => bootstrap.CompleteAsync(CancellationToken.None));
        Assert.Equal("another node has taken partition 0 over while its bootstrap was under way; stop the nodes, and begin again with --replace", thrown.Message);
        Assert.True((await ManifestAsync(0))!.IsUnfinished);
        Assert.True(await Bootstrap(Counting(), 0, 100).FenceAsync("node", 2, CancellationToken.None));
    }

    [Fact]
    public async Task What_is_forgotten_is_all_of_the_partitions_that_are_named_and_nothing_of_others()
    {
        foreach (var partition in new[] { 1, 3, 30 })
        {
            var bootstrap = Bootstrap(Sessions(), partition, 100, partitions: 31);
            await bootstrap.BeginAsync();
            for (var i = 0; i < 20; i++)
                await bootstrap.AddAsync(RandomStream.Transaction(Event($"t-{i}", i, $"u-{i}")), CancellationToken.None);
            await bootstrap.CompleteAsync(CancellationToken.None);
            var notes = new PartitionNotes();
            await store.SaveAsync([new BootstrapRow(new PartitionIds(partition).Notes, 1, new StoredState(StoredKind.Notes, notes.WriteNext()))]);
        }

        var slices = await DuesAsync(3);
        Assert.True(slices > 1);
        Assert.Equal(20 + slices, await store.ForgetAsync([new PartitionIds(3)], CancellationToken.None));
        Assert.Equal((0, 0), (await RowsAsync(3), await DuesAsync(3)));
        foreach (var partition in new[] { 1, 30 })
            Assert.Equal((22, slices), (await RowsAsync(partition), await DuesAsync(partition)));
    }

    private PartitionBootstrap Bootstrap(CompiledFeatures features, int partition, int maxInMemory, int partitions = 0) => new(
        new BootstrapPlace(Topic, "id", partition, partitions > 0 ? partitions : partition + 1, Offset), features, new DecodeLimits().ForHistory(), new StateOptions { MaxEntitiesInMemory = maxInMemory }, store);

    private async Task<PartitionManifest?> ManifestAsync(int partition) =>
        await store.ManifestAsync(new PartitionIds(partition), CancellationToken.None) is { } bytes ? PartitionManifest.Read(bytes) : null;

    // Cardholders, manifest and notes.
    private async Task<int> RowsAsync(int partition)
    {
        var ids = new PartitionIds(partition);
        var rows = await store.LoadAsync([ids.Manifest, ids.Notes, .. Enumerable.Range(0, 20).Select(i => ids.Cardholder(Encoding.UTF8.GetBytes($"u-{i}")))], long.MaxValue, CancellationToken.None);
        return rows.Count(r => r is not null);
    }

    private async Task<int> DuesAsync(int partition)
    {
        var ids = new PartitionIds(partition);
        return (await store.LoadAsync([.. Enumerable.Range(0, DueSlice.Count).Select(ids.Dues)], Offset, CancellationToken.None)).Count(r => r is not null);
    }

    private async Task<Owner> OwnerAsync(CompiledFeatures features, int partition)
    {
        var owner = new Owner(features, store, new PartitionIds(partition), (await ManifestAsync(partition))!);
        await owner.LoadDuesAsync();
        return owner;
    }

    private static OracleEvent Event(string id, long second, string user) => new(id, second, 10_000, new Dictionary<string, string?>
    {
        ["cardId"] = "c-" + user,
        ["userId"] = user,
        ["terminalId"] = null,
        ["merchantId"] = "m",
        ["channel"] = "pos",
        ["country"] = "FR",
    });

    private static CompiledFeatures Counting() => Compiled(0);

    private static CompiledFeatures Sessions() => Compiled(50);

    private static CompiledFeatures Compiled(int gap) => new(
        FeatureSet.Parse(new StringReader($$"""
            featureSet: t
            version: 1
            lateness: 10s
            entities: { card: { key: cardId, retain: 1d }, user: { key: userId, retain: 1d } }
            {{(gap > 0 ? string.Create(CultureInfo.InvariantCulture, $"sessions: {{ entity: user, gap: {gap}s }}") : "")}}
            features:
              - { name: n, from: card, agg: count, window: 1d }
              - { name: m, from: user, agg: count, window: 1d }
            """), "t.yaml"),
        new FeatureEngineOptions { LocalEntitiesOnly = true });

    private static long Time(int second) => (1_772_366_400L + second) * 1_000_000;

    private static InputRecord Record(string id, int second, string user = "u", decimal amount = 5)
    {
        var value = new JsonObject { ["transactionId"] = id, ["cardId"] = "c-" + user, ["userId"] = user, ["amount"] = amount, ["eventTime"] = Time(second) / 1_000 };
        return new InputRecord(second, default, Encoding.UTF8.GetBytes(user), Encoding.UTF8.GetBytes(value.ToJsonString()), RecordKind.Transaction, null, default, 0);
    }

    private static Label LabelOf(OracleEvent e)
    {
        var transaction = RandomStream.Transaction(e);
        byte[] payload = [.. transaction.TransactionId, .. transaction.CardId, .. transaction.UserId];
        var (id, card) = (transaction.TransactionId.Length, transaction.CardId.Length);
        return new Label(payload, ..id, id..(id + card), (id + card).., true, transaction.EventTimeMicros);
    }

    private static string Text(SessionClosed closed) => $"{Convert.ToHexString(closed.UserId.Span)} {closed with { UserId = default }}";

    /// <summary>Goes on from a checkpoint as an owner does: of whoever is not in memory the row is read, and dues say whose sessions end.</summary>
    private sealed class Owner
    {
        private readonly CompiledFeatures features;
        private readonly BootstrapStore store;
        private readonly PartitionIds ids;
        private readonly PartitionManifest manifest;
        private readonly CardholderScratch scratch;
        private readonly LogMarks marks;
        private readonly Dictionary<string, Cardholder> holders = [];
        private readonly List<(byte[] Key, long Due)> dues = [];
        private long offset;

        public Owner(CompiledFeatures features, BootstrapStore store, PartitionIds ids, PartitionManifest manifest)
        {
            (this.features, this.store, this.ids, this.manifest) = (features, store, ids, manifest);
            (scratch, marks, offset) = (new CardholderScratch(features), new LogMarks(features), manifest.Offset);
            marks.Restore(manifest.Marks);
        }

        public List<string> SessionsClosed { get; } = [];

        public async Task LoadDuesAsync()
        {
            var slices = await store.LoadAsync([.. Enumerable.Range(0, DueSlice.Count).Select(ids.Dues)], manifest.Offset, CancellationToken.None);
            foreach (var slice in slices.Where(s => s is not null))
                dues.AddRange(DueSlice.Read(((StoredState)slice!.Snapshot).Bytes).SelectMany(c => c.Dues.Select(d => (c.Key, d))));
        }

        public async Task<FeatureResult> ApplyAsync(Transaction transaction, double[] vector)
        {
            var holder = await OfAsync(transaction.UserId.ToArray());
            SessionsClosed.Clear();
            marks.Begin(transaction.EventTimeMicros);
            var result = holder.Apply(transaction, new RecordMarks(offset, marks.Time.ExpiryMicros, marks.History), scratch, vector);
            SessionsClosed.AddRange(scratch.SessionsClosed.Select(Text));
            marks.Advance(transaction.EventTimeMicros);
            foreach (var (key, _) in dues.Where(d => d.Due < marks.Time.WatermarkMicros).ToArray())
                await OfAsync(key);
            foreach (var its in holders.Values)
            {
                if (its.CloseThrough(marks.Time.WatermarkMicros, offset, scratch))
                    SessionsClosed.AddRange(scratch.SessionsClosed.Select(Text));
            }

            offset++;
            return result;
        }

        public async Task<bool> LabelAsync(Label label)
        {
            var marked = (await OfAsync(label.UserId.ToArray())).ApplyLabel(label, new RecordMarks(offset, marks.Time.ExpiryMicros, marks.History), scratch);
            offset++;
            return marked;
        }

        private async Task<Cardholder> OfAsync(byte[] key)
        {
            var name = Encoding.UTF8.GetString(key);
            if (holders.TryGetValue(name, out var holder))
                return holder;
            var row = (await store.LoadAsync([ids.Cardholder(key)], manifest.Offset, CancellationToken.None))[0];
            holder = row is null ? new Cardholder(features, key) : Cardholder.Read(features, marks, key, StoredCardholder.Read(((StoredState)row.Snapshot).Bytes, out _));
            holders.Add(name, holder);
            return holder;
        }
    }
}
