using System.Buffers;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.State;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Pipeline;

/// <summary>What a bootstrap made of the history of one shard.</summary>
public sealed class BootstrapCounts
{
    /// <summary>Transactions that changed their entities.</summary>
    public long Transactions { get; internal set; }

    /// <summary>Transactions whose user, card and id were there already.</summary>
    public long Duplicates { get; internal set; }

    /// <summary>Those of them that were other transactions under an identity that was there already.</summary>
    public long Conflicts { get; internal set; }

    /// <summary>Transactions that came after their entities' lateness.</summary>
    public long Late { get; internal set; }

    /// <summary>Labels that marked their transaction.</summary>
    public long Labels { get; internal set; }

    /// <summary>Records that are not valid.</summary>
    public long Rejected { get; internal set; }

    /// <summary>Rows written, an entity once for each time.</summary>
    public long RowsWritten { get; internal set; }

    /// <summary>Entities that had left memory and were read again.</summary>
    public long RowsLoaded { get; internal set; }
}

/// <summary>
/// Makes a shard's checkpoint from history, before the shard lives. What does not fit into memory is written on the way:
/// until the last write the checkpoint carries marks that no shard can read, so that one which finds an unfinished bootstrap
/// stays down and says so. Owned by one caller, who waits for each call.
/// </summary>
public sealed class ShardBootstrap
{
    // Of what may stay in memory, so much is left when some had to leave.
    private const double KeptShare = 0.75;

    // Its first byte is a version that no shard reads.
    private static readonly byte[] UnfinishedMarks = [0xFF, .. "bootstrap unfinished"u8];

    private readonly int partition;
    private readonly long offset;
    private readonly EntityStage stage;
    private readonly ISnapshotStore store;
    private readonly StateOptions options;
    private readonly EntityKeySet missing = new();
    private readonly double[] features;
    private long epoch;
    private bool mayBeStored;

    /// <summary>Makes the bootstrap of a shard; <see cref="BeginAsync"/> is first.</summary>
    /// <param name="partition">The shard.</param>
    /// <param name="offset">The offset of the checkpoint: the shard goes on with this record.</param>
    /// <param name="stage">Its entities, still none.</param>
    /// <param name="store">Where the checkpoint goes.</param>
    /// <param name="options">How many entities may be in memory, and how many rows a write may have.</param>
    public ShardBootstrap(int partition, long offset, EntityStage stage, ISnapshotStore store, StateOptions options)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        this.partition = partition;
        this.offset = offset;
        this.stage = stage;
        this.store = store;
        this.options = options;
        features = new double[stage.Engine.Set.FeatureNames.Count];
    }

    /// <summary>What came of the history so far.</summary>
    public BootstrapCounts Counts { get; } = new();

    /// <summary>The entities.</summary>
    public FeatureEngine Engine => stage.Engine;

    /// <summary>Takes the shard over, so that nobody else writes it any more, and forgets what is stored of it.</summary>
    /// <param name="owner">Who makes the bootstrap.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached.</exception>
    /// <exception cref="ShardException">Another node has taken the shard over meanwhile.</exception>
    public async Task BeginAsync(ShardOwner owner, CancellationToken cancellation)
    {
        stage.Engine.BeginHistory();
        epoch = (await store.AcquireAsync(partition, owner, cancellation)).Epoch;
        // A row that waits for the watermark is never purged; as another one it is.
        var watched = await store.LoadWatchedAsync(partition, cancellation);
        await WriteAsync([.. watched.Rows.Select(r => new EntityWrite(r.Kind, r.Key, r.State, long.MinValue, false))], UnfinishedMarks, [], cancellation);
        var purges = stage.Engine.Expiries().Select(e => new EntityPurge(e.Kind, long.MaxValue)).ToList();
        for (var stored = long.MaxValue; await StoredAsync(cancellation) is var left && left < stored; stored = left)
            await WriteAsync([], UnfinishedMarks, purges, cancellation);
    }

    /// <summary>Applies a transaction of the history.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Whether it is new; one that is not changed nothing.</returns>
    public async ValueTask<bool> ApplyAsync(Transaction transaction, CancellationToken cancellation)
    {
        if (mayBeStored)
        {
            stage.Engine.FindMissing(transaction, missing);
            await LoadMissingAsync(cancellation);
        }

        var result = stage.Engine.Apply(transaction, features);
        Count(result.Duplicate, result.Late);
        Counts.Conflicts += result.Conflict ? 1 : 0;
        await SpillAsync(cancellation);
        return !result.Duplicate;
    }

    /// <summary>Marks a transaction of the history in its card and its user.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="isFraud">What its label says.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask ApplyLabelAsync(Transaction transaction, bool isFraud, CancellationToken cancellation)
    {
        if (mayBeStored)
        {
            stage.Engine.FindMissing(transaction, missing);
            await LoadMissingAsync(cancellation);
        }

        Counts.Labels += stage.Engine.ApplyLabel(transaction, isFraud) ? 1 : 0;
        await SpillAsync(cancellation);
    }

    /// <summary>Applies a record of a log.</summary>
    /// <param name="record">The record.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask ApplyAsync(InputRecord record, CancellationToken cancellation)
    {
        stage.Decode(record, out var decoded);
        if (mayBeStored)
        {
            stage.FindMissing(decoded, missing);
            await LoadMissingAsync(cancellation);
        }

        var applied = stage.Apply(decoded, features);
        switch (applied.Outcome)
        {
            case EntityOutcome.Scored:
                Count(isDuplicate: false, applied.Late);
                break;
            case EntityOutcome.Repeated or EntityOutcome.RelayedBefore:
                Count(isDuplicate: true, isLate: false);
                break;
            case EntityOutcome.Conflicting:
                Count(isDuplicate: true, isLate: false);
                Counts.Conflicts++;
                break;
            case EntityOutcome.LabelApplied:
                Counts.Labels++;
                break;
            case EntityOutcome.Rejected:
                Counts.Rejected++;
                break;
        }

        await SpillAsync(cancellation);
    }

    /// <summary>Writes what is not written yet, and the marks with which the shard can live.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached.</exception>
    /// <exception cref="ShardException">Another node has taken the shard over meanwhile.</exception>
    public Task CompleteAsync(CancellationToken cancellation) => WriteChangedAsync(isLast: true, cancellation);

    private void Count(bool isDuplicate, bool isLate)
    {
        Counts.Transactions += isDuplicate ? 0 : 1;
        Counts.Duplicates += isDuplicate ? 1 : 0;
        Counts.Late += isLate ? 1 : 0;
    }

    private async ValueTask LoadMissingAsync(CancellationToken cancellation)
    {
        if (missing.Count == 0)
            return;
        EntityKey[] keys = [.. missing.Select(k => new EntityKey(k.Kind, k.Key))];
        var loaded = await store.LoadAsync(partition, keys, cancellation);
        if (loaded.Epoch != epoch)
            throw Overtaken();
        foreach (var row in loaded.Rows)
        {
            stage.Engine.RestoreEntity(row.Kind, row.Key.Span, row.State.Span);
            Counts.RowsLoaded++;
        }

        missing.Clear();
    }

    private async ValueTask SpillAsync(CancellationToken cancellation)
    {
        if (stage.Engine.EntitiesInMemory <= options.MaxEntitiesInMemory)
            return;
        await WriteChangedAsync(isLast: false, cancellation);
        mayBeStored = true;
        // A call evicts a bounded number, and none if all that are left wait for the watermark.
        while (stage.Engine.Evict((int)(options.MaxEntitiesInMemory * KeptShare)) > 0)
        {
        }
    }

    private async Task WriteChangedAsync(bool isLast, CancellationToken cancellation)
    {
        stage.Engine.Freeze();
        var marks = new ArrayBufferWriter<byte>();
        stage.SaveMarks(marks);
        for (var isWhole = false; !isWhole;)
        {
            var rows = new CheckpointRows();
            isWhole = stage.Engine.WriteFrozen(options.MaxDirtyEntities, rows.Add);
            Counts.RowsWritten += rows.Count;
            await WriteAsync(rows, isLast && isWhole ? marks.WrittenMemory : UnfinishedMarks, [], cancellation);
            rows.Return();
        }

        stage.Engine.FrozenIsDurable();
    }

    private async Task WriteAsync(IReadOnlyList<EntityWrite> entities, ReadOnlyMemory<byte> marks, IReadOnlyList<EntityPurge> purges, CancellationToken cancellation)
    {
        var checkpoint = new Checkpoint { Partition = partition, Epoch = epoch, Offset = offset, Marks = marks, Entities = entities, Purges = purges };
        if (!await store.WriteAsync(checkpoint, cancellation))
            throw Overtaken();
    }

    private ShardException Overtaken() =>
        new($"another node has taken partition {partition} over while its bootstrap was under way; stop the group's nodes, and begin again with --replace", null);

    private async Task<long> StoredAsync(CancellationToken cancellation) =>
        (await store.ShardsAsync(cancellation)).Where(s => s.Report.Partition == partition).Sum(s => s.StoredEntities);
}
