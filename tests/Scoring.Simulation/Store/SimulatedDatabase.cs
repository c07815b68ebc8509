using System.Globalization;
using System.Text;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Snapshots;
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
    private const string ManifestPrefix = "m/";
    private const string NotesPrefix = "n/";

    // A manifest, and the two before it, at which an owner may still begin.
    private const int Manifests = 3;

    private readonly SortedDictionary<string, SortedDictionary<long, StoredSnapshot>> rows = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, FenceToken> fences = [];
    private readonly SortedDictionary<int, List<long>> manifests = [];

    /// <summary>What runs it.</summary>
    public VirtualScheduler Scheduler { get; } = scheduler;

    /// <summary>How it misbehaves now.</summary>
    public StoreFaults Faults { get; set; } = faults;

    /// <summary>Whether nothing reaches it.</summary>
    public bool IsAway { get; set; }

    /// <summary>Reads the greatest offset that the group has ever committed of a partition, to check that no checkpoint is ahead of it.</summary>
    public Func<int, long?> Committed { get; set; } = static _ => null;

    /// <summary>Is told of what must never happen.</summary>
    public Action<string, string> Violated { get; set; } = static (_, _) => { };

    /// <summary>Checkpoints that were written.</summary>
    public long Checkpoints { get; private set; }

    /// <summary>Fences that were written over another owner's.</summary>
    public long Fences { get; private set; }

    /// <summary>Rows that were deleted.</summary>
    public long Deleted { get; private set; }

    /// <summary>Rows that were damaged.</summary>
    public int Damaged { get; private set; }

    /// <summary>The users of whom a row was damaged at any time, by partition.</summary>
    public HashSet<(int Partition, string User)> DamagedUsers { get; } = [];

    /// <summary>The offset of a partition's checkpoint; null without one.</summary>
    /// <param name="partition">The partition.</param>
    public long? CheckpointOffset(int partition) => rows.TryGetValue(new PartitionIds(partition).Manifest, out var its) && its.Count > 0 ? its.Keys.Last() : null;

    /// <summary>Flips a bit in the newest row of some cardholder, as a failing disk does.</summary>
    /// <param name="partition">The partition; one without rows is let be.</param>
    /// <param name="users">The users that there may be.</param>
    public void Damage(int partition, IReadOnlyList<string> users)
    {
        ArgumentNullException.ThrowIfNull(users);
        var ids = new PartitionIds(partition);
        var stored = users.Where(u => rows.TryGetValue(ids.Cardholder(Encoding.UTF8.GetBytes(u)), out var its) && its.Count > 0).ToList();
        if (stored.Count == 0)
            return;
        var user = stored[Scheduler.Next(stored.Count)];
        var row = rows[ids.Cardholder(Encoding.UTF8.GetBytes(user))];
        var (number, newest) = row.Last();
        row[number] = newest with { Payload = Flipped(newest.Payload) };
        Damaged++;
        DamagedUsers.Add((partition, user));
        Scheduler.Trace.Note($"database damages p{partition} {user}@{number}");
    }

    internal int Save(IReadOnlyList<SnapshotRow> group, string node)
    {
        foreach (var row in group)
        {
            if (row.Id.StartsWith(ManifestPrefix, StringComparison.Ordinal))
                CheckManifest(PartitionOf(row.Id), row.Number, node);
            if (!rows.TryGetValue(row.Id, out var its))
                rows[row.Id] = its = [];
            its[row.Number] = new StoredSnapshot(row.Number, row.Created, row.SerializerId, row.Manifest, row.Payload);
        }

        Scheduler.Trace.Note($"database takes {group.Count} rows of {node}: {string.Join(", ", group.Take(4).Select(r => $"{r.Id}@{r.Number}"))}");
        return group.Count;
    }

    internal StoredSnapshot?[] Load(IReadOnlyList<SnapshotRange> ranges) => [.. ranges.Select(Load)];

    internal int Delete(IReadOnlyList<SnapshotKey> keys)
    {
        var gone = 0;
        foreach (var (id, number) in keys)
            gone += rows.TryGetValue(id, out var its) && its.Remove(number) ? 1 : 0;
        Deleted += gone;
        return gone;
    }

    internal int DeleteOlder(IReadOnlyList<OlderSnapshots> older, int most)
    {
        var gone = 0;
        foreach (var its in older)
        {
            if (!rows.TryGetValue(its.PersistenceId, out var row))
                continue;
            var before = NewestNeeded(its.PersistenceId, row);
            var newest = row.Keys.LastOrDefault(n => n <= its.Newest, -1);
            foreach (var number in row.Keys.Where(n => n <= its.Through && n != newest).Take(most - gone).ToList())
                gone += row.Remove(number) ? 1 : 0;
            if (before is { } needed && !row.ContainsKey(needed))
                Violated("deletes leave what an owner may begin with", $"{its.PersistenceId}@{needed} was deleted, and the partition's last manifests are {string.Join(", ", manifests[PartitionOf(its.PersistenceId)].TakeLast(Manifests))}");
        }

        Deleted += gone;
        return gone;
    }

    internal int DeleteRange(SnapshotRange range, int most)
    {
        if (!rows.TryGetValue(range.Id, out var its))
            return 0;
        var going = its.Where(r => IsIn(range, r.Value)).Take(most).Select(r => r.Key).ToList();
        foreach (var number in going)
            its.Remove(number);
        return going.Count;
    }

    internal FenceToken? Fence(int partition, FenceToken? token, string node)
    {
        if (token is not null && (!fences.TryGetValue(partition, out var stands) || IsGreater(token, stands)))
        {
            Fences += fences.ContainsKey(partition) ? 1 : 0;
            fences[partition] = token;
            Scheduler.Trace.Note($"database gives p{partition} to {node} with fence {token.Counter}");
        }

        return fences.GetValueOrDefault(partition);
    }

    private static bool IsGreater(FenceToken token, FenceToken other) =>
        token.Counter != other.Counter ? token.Counter > other.Counter
        : string.CompareOrdinal(token.Node, other.Node) is var nodes and not 0 ? nodes > 0
        : token.Random > other.Random;

    private StoredSnapshot? Load(SnapshotRange range) =>
        rows.TryGetValue(range.Id, out var its) ? its.Values.LastOrDefault(r => IsIn(range, r)) : null;

    private static bool IsIn(SnapshotRange range, StoredSnapshot row) =>
        row.Number >= range.Least && row.Number <= range.Most && row.Created >= range.Earliest && row.Created <= range.Latest;

    private void CheckManifest(int partition, long offset, string node)
    {
        if (Committed(partition) is not { } committed || offset > committed)
            Violated("C <= K", $"p{partition}: {node} wrote a checkpoint at {offset} while the group had committed {Committed(partition)?.ToString(CultureInfo.InvariantCulture) ?? "nothing"}");
        if (!manifests.TryGetValue(partition, out var its))
            manifests[partition] = its = [];
        if (its.Count == 0 || offset > its[^1])
            its.Add(offset);
        Checkpoints++;
    }

    // What an owner loads that begins at the checkpoint before the one before the newest.
    private long? NewestNeeded(string id, SortedDictionary<long, StoredSnapshot> row)
    {
        if (id.StartsWith(NotesPrefix, StringComparison.Ordinal) || !manifests.TryGetValue(PartitionOf(id), out var its))
            return null;
        var oldest = its[Math.Max(0, its.Count - Manifests)];
        return row.Keys.LastOrDefault(n => n <= oldest, -1) is >= 0 and var needed ? needed : null;
    }

    private static int PartitionOf(string id) => int.Parse(id.Split('/')[1], CultureInfo.InvariantCulture);

    private byte[] Flipped(byte[] state)
    {
        var bytes = state.ToArray();
        bytes[Scheduler.Next(bytes.Length)] ^= (byte)(1 << Scheduler.Next(8));
        return bytes;
    }
}
