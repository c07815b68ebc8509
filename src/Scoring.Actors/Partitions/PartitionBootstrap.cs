using System.Buffers;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Snapshots;
using Scoring.Actors.State;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>
/// Makes a partition's checkpoint from history, before the partition lives: the state that an <see cref="OwnerActor"/> would have that had
/// read the history from a log. Owned by one caller, who waits for each call.
/// <list type="number">
/// <item>It writes the partition's fence, so that whoever owns the partition ends.</item>
/// <item>An unfinished manifest is written before any row: an owner that finds it stays down and says so.</item>
/// <item>The history is applied. Cardholders that do not fit into memory are written under the checkpoint's number, those longest untouched
/// first, and read again when a record needs them; then records wait a little, so that many are read at once.</item>
/// <item>All that is left is written, the open sessions' dues, and at last the manifest, if the fence still stands.</item>
/// </list>
/// A session is closed when its cardholder is next looked at, which is before its next record and before it is written: nobody is told
/// of it, so it does not matter which record the watermark passed it with.
/// </summary>
public sealed class PartitionBootstrap
{
    // Of what may stay in memory, so much is left when some had to leave.
    private const double KeptShare = 0.75;

    private const int MaxWaiting = 512;
    private const int RowsAtOnce = 2_048;
    private const int BytesAtOnce = 4 << 20;

    private readonly BootstrapPlace place;
    private readonly CompiledFeatures features;
    private readonly BootstrapStore store;
    private readonly PartitionIds ids;
    private readonly RecordDecoder decoder;
    private readonly OriginMarks origins = new();
    private readonly LogMarks marks;
    private readonly CardholderScratch scratch;
    private readonly CardholderDirectory directory = new(static (key, hash) => new HeldCardholder(key, hash));
    private readonly OpenSessions sessions;
    private readonly int maxInMemory;
    private readonly int maxWaiting;
    private readonly double[] vector;
    private readonly ArrayBufferWriter<byte> buffer = new(1_024);
    private readonly List<long> dues = [];
    private readonly List<Step> waiting = [];
    private List<BootstrapRow> rows = [];
    private int rowBytes;
    private Task saving = Task.CompletedTask;
    private FenceToken? token;
    private bool mayBeStored;

    // The history's own offsets: those of the log begin with the checkpoint's.
    private long step;

    /// <summary>Makes the bootstrap of a partition; <see cref="FenceAsync"/> and <see cref="BeginAsync"/> come first.</summary>
    /// <param name="place">Where the state belongs.</param>
    /// <param name="features">The features, of local entities alone.</param>
    /// <param name="limits">What a record may be at most.</param>
    /// <param name="options">How many cardholders may be in memory.</param>
    /// <param name="store">Where the checkpoint goes.</param>
    public PartitionBootstrap(BootstrapPlace place, CompiledFeatures features, DecodeLimits limits, StateOptions options, BootstrapStore store)
    {
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(options);
        this.place = place;
        this.features = features;
        this.store = store;
        ids = new PartitionIds(place.Partition);
        decoder = new RecordDecoder(limits, new LogPlace(place.Partition, place.Partitions), null);
        marks = new LogMarks(features);
        marks.BeginHistory();
        scratch = new CardholderScratch(features);
        sessions = new OpenSessions(features.SessionGapMicros);
        maxInMemory = options.MaxEntitiesInMemory;
        maxWaiting = Math.Clamp(maxInMemory / 4, 1, MaxWaiting);
        vector = new double[features.Set.FeatureNames.Count];
    }

    /// <summary>How long an owner may take to find out that it was fenced; what it saves until then has to be forgotten too.</summary>
    public static TimeSpan OwnerPatience { get; } = OwnerActor.FenceInterval + TimeSpan.FromSeconds(1);

    /// <summary>What came of the history so far.</summary>
    public BootstrapCounts Counts { get; } = new();

    /// <summary>How far event time has come, and from when on windows are warm.</summary>
    public LogMarks Marks => marks;

    /// <summary>Cardholders in memory.</summary>
    public int InMemory => directory.InMemory;

    /// <summary>Takes the partition over, so that whoever owns it writes it no more.</summary>
    /// <param name="node">Who makes the bootstrap.</param>
    /// <param name="chance">Tells this take-over from others of the node.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Whether there was an owner before, which may not have found out yet.</returns>
    /// <exception cref="BootstrapOvertakenException">Another takes the partition over at the same moment.</exception>
    public async Task<bool> FenceAsync(string node, long chance, CancellationToken cancellation)
    {
        var before = await store.ReadFenceAsync(place.Topic, place.Partition, cancellation);
        token = new FenceToken((before?.Counter ?? 0) + 1, $"{node} (bootstrap)", chance);
        if (await store.WriteFenceAsync(place.Topic, place.Partition, token, cancellation) != token)
            throw Overtaken();
        return before is not null;
    }

    /// <summary>Says that the partition's state is unfinished, before anything of it is written or forgotten.</summary>
    /// <exception cref="SnapshotUnavailableException">The store can't be reached.</exception>
    public Task BeginAsync() => SaveManifestAsync(PartitionManifest.UnfinishedNumber, PartitionManifest.Unfinished(place.Offset, place.Topic, place.TopicId, place.Partitions));

    /// <summary>Applies a transaction of the history.</summary>
    /// <param name="transaction">The transaction; nothing of it is kept by reference.</param>
    /// <param name="cancellation">Gives up.</param>
    public ValueTask AddAsync(in Transaction transaction, CancellationToken cancellation) => TakeAsync(
        mayBeStored ? new Step(StepKind.Transaction) { Transaction = transaction.Copy() } : new Step(StepKind.Transaction) { Transaction = transaction }, cancellation);

    /// <summary>Applies a transaction of the history, with all before it, and tells what it is.</summary>
    /// <param name="transaction">The transaction; nothing of it is kept by reference.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Whether it is new; one that is not changed nothing.</returns>
    public async ValueTask<bool> ApplyAsync(Transaction transaction, CancellationToken cancellation)
    {
        var before = Counts.Transactions;
        if (waiting.Count > 0)
        {
            await FlushAsync(cancellation);
            before = Counts.Transactions;
        }

        await AddAsync(transaction, cancellation);
        await FlushAsync(cancellation);
        return Counts.Transactions > before;
    }

    /// <summary>Marks a transaction of the history in its card and its user.</summary>
    /// <param name="transaction">The transaction; nothing of it is kept by reference.</param>
    /// <param name="isFraud">What its label says.</param>
    /// <param name="cancellation">Gives up.</param>
    public ValueTask ApplyLabelAsync(in Transaction transaction, bool isFraud, CancellationToken cancellation)
    {
        byte[] payload = [.. transaction.TransactionId, .. transaction.CardId, .. transaction.UserId];
        var (id, card) = (transaction.TransactionId.Length, transaction.TransactionId.Length + transaction.CardId.Length);
        return TakeAsync(new Step(StepKind.Label) { Label = new Label(payload, ..id, id..card, card.., isFraud, transaction.EventTimeMicros) }, cancellation);
    }

    /// <summary>Applies a record of a log, as an owner that replays it would.</summary>
    /// <param name="record">The record.</param>
    /// <param name="cancellation">Gives up.</param>
    public ValueTask ApplyAsync(in InputRecord record, CancellationToken cancellation)
    {
        decoder.Decode(record, out var decoded);
        if (record.Origin is { } origin)
        {
            if (origins.IsRepeat(origin))
            {
                Counts.Duplicates++;
                return default;
            }

            if (!origins.HasRoomFor(origin))
            {
                Counts.Rejected++;
                return default;
            }

            origins.Note(origin);
        }

        if (decoded.Rejection is not null)
        {
            Counts.Rejected++;
            return default;
        }

        return record.Kind switch
        {
            RecordKind.Transaction => TakeAsync(new Step(StepKind.Transaction) { Transaction = decoded.Transaction }, cancellation),
            RecordKind.Label => TakeAsync(new Step(StepKind.Label) { Label = decoded.Label }, cancellation),
            RecordKind.Tick => TakeAsync(new Step(StepKind.Tick) { Micros = decoded.EventTimeMicros.GetValueOrDefault() }, cancellation),
            _ => default,
        };
    }

    /// <summary>Writes what is not written yet, and the manifest on which an owner can live.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotUnavailableException">The store can't be reached.</exception>
    /// <exception cref="BootstrapOvertakenException">A node has taken the partition over meanwhile.</exception>
    public async Task CompleteAsync(CancellationToken cancellation)
    {
        await FlushAsync(cancellation);
        for (var slot = directory.Oldest; slot is not null; slot = slot.Newer)
        {
            Write((HeldCardholder)slot);
            if (AreRowsFull)
                await SaveRowsAsync();
        }

        await SettleAsync();
        await CloseAwayAsync(cancellation);
        sessions.Freeze();
        while (sessions.WriteNext())
        {
        }

        await store.SaveAsync([.. sessions.Written.Select(w => new BootstrapRow(ids.Dues(w.Slice), place.Offset, new StoredState(StoredKind.Dues, w.Row)))]);
        if (await store.ReadFenceAsync(place.Topic, place.Partition, cancellation) != token)
            throw Overtaken();
        // Of an owner that had not found out.
        await store.ForgetManifestsAsync(ids, cancellation);
        await SaveManifestAsync(place.Offset, Manifest());
        await store.FinishAsync(ids, cancellation);
    }

    private bool AreRowsFull => rows.Count >= RowsAtOnce || rowBytes >= BytesAtOnce;

    // As long as nobody has left memory, nobody has to be waited for.
    private ValueTask TakeAsync(in Step its, CancellationToken cancellation)
    {
        if (mayBeStored)
        {
            waiting.Add(its);
            return waiting.Count < maxWaiting ? default : FlushAsync(cancellation);
        }

        Apply(its);
        return directory.InMemory <= maxInMemory ? default : SpillAsync(cancellation);
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        if (waiting.Count == 0)
            return;
        var missing = new HashSet<HeldCardholder>();
        foreach (var its in waiting)
        {
            if (its.Kind != StepKind.Tick && SlotOf(its) is { State: null } slot)
                missing.Add(slot);
        }

        await LoadAsync([.. missing], cancellation);
        foreach (var its in waiting)
            Apply(its);
        waiting.Clear();
        if (directory.InMemory > maxInMemory)
            await SpillAsync(cancellation);
    }

    private HeldCardholder SlotOf(in Step its) => (HeldCardholder)directory.Of(its.Kind == StepKind.Label ? its.Label.UserId : its.Transaction.UserId);

    private void Apply(in Step its)
    {
        if (its.Kind == StepKind.Tick)
        {
            marks.Tick(its.Micros);
            return;
        }

        if (its.Kind == StepKind.Transaction)
            marks.Begin(its.Transaction.EventTimeMicros);
        var cardholder = Touch(SlotOf(its));
        cardholder.CloseThrough(marks.Time.WatermarkMicros, step++, scratch);
        var mark = new RecordMarks(step++, marks.Time.ExpiryMicros, marks.History);
        if (its.Kind == StepKind.Label)
        {
            Counts.Labels += cardholder.ApplyLabel(its.Label, mark, scratch) ? 1 : 0;
            return;
        }

        Count(cardholder.Apply(its.Transaction, mark, scratch, vector));
        marks.Advance(its.Transaction.EventTimeMicros);
    }

    private void Count(in FeatureResult result)
    {
        Counts.Transactions += result.Duplicate ? 0 : 1;
        Counts.Duplicates += result.Duplicate ? 1 : 0;
        Counts.Conflicts += result.Conflict ? 1 : 0;
        Counts.Late += result.Late ? 1 : 0;
    }

    private Cardholder Touch(HeldCardholder slot)
    {
        if (slot.State is not null)
        {
            directory.Used(slot);
            return slot.State;
        }

        slot.State = new Cardholder(features, slot.Key);
        directory.Added(slot);
        return slot.State;
    }

    private async Task LoadAsync(IReadOnlyList<HeldCardholder> slots, CancellationToken cancellation)
    {
        var loaded = await store.LoadAsync([.. slots.Select(s => ids.Cardholder(s.Key))], place.Offset, cancellation);
        for (var i = 0; i < loaded.Length; i++)
        {
            if (loaded[i] is not { } row)
                continue;
            var slot = slots[i];
            var bytes = row.Snapshot is StoredState { Kind: StoredKind.Cardholder } stored ? stored.Bytes : throw new StateDamagedException($"the row {row.Metadata.PersistenceId} holds no cardholder");
            slot.State = Cardholder.Read(features, marks, slot.Key, StoredCardholder.Read(bytes, out _));
            slot.State.Rebase(0);
            slot.IsStored = true;
            directory.Added(slot);
            Counts.RowsLoaded++;
        }
    }

    private async ValueTask SpillAsync(CancellationToken cancellation)
    {
        mayBeStored = true;
        var kept = (int)(maxInMemory * KeptShare);
        while (directory.InMemory > kept && directory.Oldest is HeldCardholder oldest)
        {
            Write(oldest);
            Leave(oldest);
            if (AreRowsFull)
                await SaveRowsAsync();
        }

        await SettleAsync();
        await CloseAwayAsync(cancellation);
    }

    // Who left with an open session that the watermark has passed since.
    private async Task CloseAwayAsync(CancellationToken cancellation)
    {
        var away = new List<HeldCardholder>();
        while (true)
        {
            away.Clear();
            while (away.Count < maxWaiting && sessions.TryTake(marks.Time.WatermarkMicros, out var slot))
            {
                if (slot is HeldCardholder { State: null } its)
                    away.Add(its);
            }

            if (away.Count == 0)
                return;
            await LoadAsync(away, cancellation);
            foreach (var slot in away)
            {
                if (slot.State is null)
                    throw new StateDamagedException($"the row {ids.Cardholder(slot.Key)}, which was written, is not there any more");
                Write(slot);
                Leave(slot);
            }

            await SettleAsync();
        }
    }

    private void Leave(HeldCardholder slot)
    {
        slot.State = null;
        slot.IsStored = false;
        directory.Left(slot);
    }

    private void Write(HeldCardholder slot)
    {
        var (cardholder, watermark) = (slot.State!, marks.Time.WatermarkMicros);
        cardholder.CloseThrough(watermark, step++, scratch);
        dues.Clear();
        cardholder.CopyDues(dues);
        sessions.Answered(slot, step++, cardholder.SessionDueMicros, dues.Count > 1 ? dues : [], watermark);
        if (!slot.IsStored && !slot.HasDues && IsForgotten(cardholder))
            return;
        cardholder.Rebase(place.Offset);
        var row = StoredCardholder.Write(cardholder, [], scratch, buffer);
        rows.Add(new BootstrapRow(ids.Cardholder(slot.Key), place.Offset, new StoredState(StoredKind.Cardholder, row)));
        rowBytes += row.Length;
        Counts.RowsWritten++;
    }

    // As an owner lets go of cardholders that no record finds anything of any more.
    private bool IsForgotten(Cardholder cardholder) =>
        cardholder.NewestMicros == long.MinValue || marks.Time.ExpiryMicros - features.CardholderIdleMicros >= cardholder.NewestMicros;

    // While the rows before are saved the next are put together.
    private async Task SaveRowsAsync()
    {
        await saving;
        saving = store.SaveAsync(rows);
        (rows, rowBytes) = ([], 0);
    }

    private async Task SettleAsync()
    {
        await SaveRowsAsync();
        await saving;
    }

    private Task SaveManifestAsync(long number, PartitionManifest manifest) => store.SaveAsync([new BootstrapRow(ids.Manifest, number, new StoredState(StoredKind.Manifest, manifest.Write()))]);

    private PartitionManifest Manifest()
    {
        var (itsMarks, itsOrigins) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        marks.Save(itsMarks);
        origins.Write(itsOrigins);
        return new PartitionManifest
        {
            Offset = place.Offset,
            Topic = place.Topic,
            TopicId = place.TopicId,
            Partitions = place.Partitions,
            Marks = itsMarks.WrittenSpan.ToArray(),
            Origins = itsOrigins.WrittenSpan.ToArray(),
            ExpiryMicros = marks.Time.ExpiryMicros,
        };
    }

    private BootstrapOvertakenException Overtaken() =>
        new($"another node has taken partition {place.Partition} over while its bootstrap was under way; stop the nodes, and begin again with --replace");

    private enum StepKind
    {
        Transaction,
        Label,
        Tick,
    }

    private readonly record struct Step(StepKind Kind)
    {
        internal Transaction Transaction { get; init; }

        internal Label Label { get; init; }

        internal long Micros { get; init; }
    }

    /// <summary>A cardholder, or one that has left memory with an open session.</summary>
    private sealed class HeldCardholder(byte[] key, ulong hash) : CardholderSlot(key, hash)
    {
        internal Cardholder? State { get; set; }

        /// <summary>Whether there is a row of it.</summary>
        internal bool IsStored { get; set; }
    }
}
