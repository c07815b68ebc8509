using System.Globalization;
using Scoring.Actors.State;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Store;

/// <summary>
/// The database behind the snapshot stores of all nodes: the durable truth. What reaches it takes effect at one instant,
/// whatever becomes of the caller; each write is checked against what must hold of every durable state.
/// </summary>
/// <param name="scheduler">Runs it.</param>
/// <param name="faults">How it misbehaves.</param>
public sealed class SimulatedDatabase(VirtualScheduler scheduler, StoreFaults faults)
{
    private readonly SortedDictionary<int, StoredShard> shards = [];
    private LogIdentity? identity;

    /// <summary>What runs it.</summary>
    public VirtualScheduler Scheduler { get; } = scheduler;

    /// <summary>How it misbehaves now.</summary>
    public StoreFaults Faults { get; set; } = faults;

    /// <summary>Whether nothing reaches it.</summary>
    public bool IsAway { get; set; }

    /// <summary>Reads what the group has committed of a partition, to check that no checkpoint is ahead of it.</summary>
    public Func<int, long?> Committed { get; set; } = static _ => null;

    /// <summary>Is told of what must never happen.</summary>
    public Action<string, string> Violated { get; set; } = static (_, _) => { };

    /// <summary>Checkpoints that were written.</summary>
    public long Checkpoints { get; private set; }

    /// <summary>Writes that an old epoch tried.</summary>
    public long FencedWrites { get; private set; }

    /// <summary>Rows that were written.</summary>
    public long RowsWritten { get; private set; }

    /// <summary>Rows that were read.</summary>
    public long RowsRead { get; private set; }

    /// <summary>The offsets that were quarantined at any time, by partition.</summary>
    public HashSet<(int Partition, long Offset)> EverQuarantined { get; } = [];

    /// <summary>The processes whose question for entities is on its way.</summary>
    internal HashSet<string> Loading { get; } = [];

    /// <summary>The offset of a shard's checkpoint; null without one.</summary>
    /// <param name="partition">The shard.</param>
    public long? CheckpointOffset(int partition) => shards.TryGetValue(partition, out var shard) ? shard.Offset : null;

    /// <summary>Rows that were damaged.</summary>
    public int Damaged { get; private set; }

    /// <summary>The users of whose entities a row was damaged at any time, by partition.</summary>
    public HashSet<(int Partition, string User)> DamagedUsers { get; } = [];

    /// <summary>Flips a bit in the newest version of some stored row, as a failing disk does.</summary>
    /// <param name="partition">The shard; one without rows is let be.</param>
    /// <param name="previousToo">Whether the version before it loses a bit as well.</param>
    public void Damage(int partition, bool previousToo)
    {
        if (!shards.TryGetValue(partition, out var shard) || shard.Entities.Count == 0)
            return;
        var (name, entity) = shard.Entities.ElementAt(Scheduler.Next(shard.Entities.Count));
        var row = entity.Row with { State = Flipped(entity.Row.State) };
        shard.Entities[name] = entity with { Row = previousToo ? row with { PreviousState = Flipped(row.PreviousState) } : row };
        Damaged++;
        DamagedUsers.Add((partition, UserOf(row.Key.Span)));
        Scheduler.Trace.Note($"database damages p{partition} {name} of {UserOf(row.Key.Span)}{(previousToo ? " and its version before" : "")}");
    }

    internal void Prepare(LogIdentity wanted)
    {
        identity ??= wanted;
        if (identity != wanted)
            throw new SnapshotStoreMismatchException($"the database holds the state of {identity}, not of {wanted}");
    }

    internal ShardSnapshot Acquire(int partition, ShardOwner owner)
    {
        if (!shards.TryGetValue(partition, out var shard))
            shards[partition] = shard = new StoredShard();
        shard.Epoch++;
        shard.Owner = owner;
        Scheduler.Trace.Note($"database gives p{partition} epoch {shard.Epoch} to {owner.NodeId}, C={Text(shard.Offset)}");
        return new ShardSnapshot(shard.Epoch, shard.Offset, shard.Marks, [.. shard.Quarantined.Values]);
    }

    internal EntityRows Load(int partition, IReadOnlyList<EntityKey> keys)
    {
        if (!shards.TryGetValue(partition, out var shard))
            return new EntityRows(0, []);
        var rows = keys.Select(k => shard.Entities.GetValueOrDefault(NameOf(k.Kind, k.Key.Span))).OfType<StoredEntity>().Select(e => e.Row).ToList();
        RowsRead += rows.Count;
        Scheduler.Trace.Note($"database reads p{partition}: {string.Join(", ", keys.Select(k => k.Kind + " " + System.Text.Encoding.Latin1.GetString(k.Key.Span)))}: {string.Join(", ", rows.Select(r => $"{System.Text.Encoding.Latin1.GetString(r.Key.Span)}@{r.Offset}"))}");
        return new EntityRows(shard.Epoch, rows);
    }

    internal EntityRows LoadWatched(int partition) => shards.TryGetValue(partition, out var shard)
        ? new EntityRows(shard.Epoch, [.. shard.Entities.Values.Where(e => e.Watched).Select(e => e.Row)])
        : new EntityRows(0, []);

    internal bool Write(Checkpoint checkpoint)
    {
        var shard = shards[checkpoint.Partition];
        if (!MayWrite(shard, checkpoint.Partition, checkpoint.Epoch))
            return false;
        CheckEpoch(shard, checkpoint.Partition, checkpoint.Epoch);
        CheckOffset(shard, checkpoint);
        foreach (var write in checkpoint.Entities)
            Put(shard, write, checkpoint.Offset);
        foreach (var purge in checkpoint.Purges)
            Purge(shard, purge);
        shard.Offset = checkpoint.Offset;
        shard.Marks = checkpoint.Marks.ToArray();
        shard.WrittenAt = Scheduler.Now;
        Checkpoints++;
        RowsWritten += checkpoint.Entities.Count;
        Scheduler.Trace.Note($"database writes p{checkpoint.Partition} C={checkpoint.Offset} epoch {checkpoint.Epoch}, {checkpoint.Entities.Count} rows");
        return true;
    }

    internal bool Quarantine(int partition, long epoch, IReadOnlyList<QuarantinedRecord> records)
    {
        var shard = shards[partition];
        if (!MayWrite(shard, partition, epoch))
            return false;
        CheckEpoch(shard, partition, epoch);
        foreach (var record in records)
        {
            shard.Quarantined[record.Offset] = record;
            EverQuarantined.Add((partition, record.Offset));
            Scheduler.Trace.Note($"database quarantines p{partition}@{record.Offset}: {record.Reason}");
        }

        return true;
    }

    internal void Report(IReadOnlyList<ShardReport> reports)
    {
        foreach (var report in reports)
        {
            if (!shards.TryGetValue(report.Partition, out var shard) || shard.Epoch != report.Epoch)
                continue;
            shard.Report = report;
            shard.ReportedAt = Scheduler.Now;
        }
    }

    internal IReadOnlyList<ShardRow> Rows() =>
    [
        .. shards.Select(s => new ShardRow(
            s.Value.Report ?? new ShardReport { Partition = s.Key, Epoch = s.Value.Epoch, Phase = "" },
            s.Value.Owner!,
            s.Value.Offset,
            Scheduler.Now - s.Value.WrittenAt,
            Scheduler.Now - s.Value.ReportedAt,
            s.Value.Entities.Count,
            s.Value.Entities.Values.Sum(e => (long)e.Row.State.Length))),
    ];

    // A shard that knows that it is over must not try again; one whose answer was lost may.
    internal void Sent(int partition, long epoch)
    {
        if (shards[partition].Fenced.Contains(epoch))
            Violated("fenced shards stop", $"p{partition}: epoch {epoch} was told that it is over, and wrote again");
    }

    internal void Told(int partition, long epoch, bool isWritten)
    {
        if (!isWritten)
            shards[partition].Fenced.Add(epoch);
    }

    // As `UPDATE shard … WHERE epoch = mine`: 0 rows for an epoch that is over.
    private bool MayWrite(StoredShard shard, int partition, long epoch)
    {
        if (shard.Epoch == epoch)
            return true;
        FencedWrites++;
        Scheduler.Trace.Note($"database refuses epoch {epoch} of p{partition}: it has {shard.Epoch}");
        return false;
    }

    private void CheckEpoch(StoredShard shard, int partition, long epoch)
    {
        if (shard.Epoch != epoch)
            Violated("no write by an old epoch", $"p{partition}: a write of epoch {epoch} took effect in epoch {shard.Epoch}");
    }

    private void CheckOffset(StoredShard shard, Checkpoint checkpoint)
    {
        if (Committed(checkpoint.Partition) is not { } committed || checkpoint.Offset > committed)
            Violated("C <= K", $"p{checkpoint.Partition}: a checkpoint at {checkpoint.Offset} was written while the group had committed {Text(Committed(checkpoint.Partition))}");
        if (checkpoint.Offset < shard.Offset)
            Violated("C never falls", $"p{checkpoint.Partition}: a checkpoint at {checkpoint.Offset} was written over one at {shard.Offset}");
    }

    private static void Put(StoredShard shard, in EntityWrite write, long offset)
    {
        var name = NameOf(write.Kind, write.Key.Span);
        var row = new EntityRow(write.Kind, write.Key.ToArray(), offset, write.State.ToArray(), null, default);
        if (shard.Entities.TryGetValue(name, out var before))
        {
            row = before.Row.Offset == offset
                ? row with { PreviousOffset = before.Row.PreviousOffset, PreviousState = before.Row.PreviousState }
                : row with { PreviousOffset = before.Row.Offset, PreviousState = before.Row.State };
        }

        shard.Entities[name] = new StoredEntity(row, write.NewestMicros, write.Watched);
    }

    private void Purge(StoredShard shard, EntityPurge purge)
    {
        foreach (var old in shard.Entities.Where(e => e.Value.Row.Kind == purge.Kind && e.Value.NewestMicros < purge.BeforeMicros).ToList())
        {
            Scheduler.Trace.Note($"database removes {old.Key}");
            shard.Entities.Remove(old.Key);
        }
    }

    private byte[] Flipped(ReadOnlyMemory<byte> state)
    {
        var bytes = state.ToArray();
        if (bytes.Length > 0)
            bytes[Scheduler.Next(bytes.Length)] ^= (byte)(1 << Scheduler.Next(8));
        return bytes;
    }

    // A card's key is its user's, a byte that no text has, and its own.
    private static string UserOf(ReadOnlySpan<byte> key) =>
        System.Text.Encoding.UTF8.GetString(key.IndexOf((byte)0xFF) is >= 0 and var end ? key[..end] : key);

    private static string NameOf(string kind, ReadOnlySpan<byte> key) => $"{kind} {Convert.ToHexString(key)}";

    private static string Text(long? offset) => offset?.ToString(CultureInfo.InvariantCulture) ?? "none";
}
