namespace Scoring.Actors.State;

/// <summary>
/// Where the state of the shards is durable. Every write names the shard's epoch and does nothing if the shard has
/// another by now: a node that was paused while its partition moved cannot write. Writes are absolute, so that one
/// whose answer was lost may be repeated. Any thread may call.
/// </summary>
public interface ISnapshotStore : IAsyncDisposable
{
    /// <summary>Makes the tables where they are missing and checks that what they hold is of this input log.</summary>
    /// <param name="identity">The input log.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotStoreMismatchException">The store holds the state of another log, group or partition count, or of a newer schema.</exception>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached now.</exception>
    Task PrepareAsync(LogIdentity identity, CancellationToken cancellation);

    /// <summary>Takes a shard over: gives it a new epoch, so that no earlier owner can write any more, and reads its last checkpoint.</summary>
    /// <param name="partition">The shard.</param>
    /// <param name="owner">Who takes it over.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached now.</exception>
    Task<ShardSnapshot> AcquireAsync(int partition, ShardOwner owner, CancellationToken cancellation);

    /// <summary>Reads entities with the shard's epoch, in one round trip. Those that the store does not have are left out.</summary>
    /// <param name="partition">The shard.</param>
    /// <param name="keys">The entities.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached now.</exception>
    Task<EntityRows> LoadAsync(int partition, IReadOnlyList<EntityKey> keys, CancellationToken cancellation);

    /// <summary>Reads the entities that wait for the watermark (an open session), which a shard needs in memory from its start, with the shard's epoch.</summary>
    /// <param name="partition">The shard.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached now.</exception>
    Task<EntityRows> LoadWatchedAsync(int partition, CancellationToken cancellation);

    /// <summary>
    /// Writes a checkpoint, all or nothing. What a row held before becomes its previous version, unless the row is
    /// already of this checkpoint.
    /// </summary>
    /// <param name="checkpoint">What to write.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False if the shard has another epoch: nothing was written.</returns>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached now; the checkpoint may or may not have been written.</exception>
    Task<bool> WriteAsync(Checkpoint checkpoint, CancellationToken cancellation);

    /// <summary>
    /// Notes that records of the input log must never be applied to the shard's entities, all or none. Beyond
    /// <see cref="ShardSnapshot.MaxQuarantined"/> the oldest notes before the shard's checkpoint go.
    /// </summary>
    /// <param name="partition">The shard.</param>
    /// <param name="epoch">The caller's epoch.</param>
    /// <param name="records">The records, each once.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>False if the shard has another epoch: nothing was written.</returns>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached now; the notes may or may not have been written.</exception>
    Task<bool> QuarantineAsync(int partition, long epoch, IReadOnlyList<QuarantinedRecord> records, CancellationToken cancellation);

    /// <summary>Publishes how far this node's shards are, for queries on any node. Shards of another epoch are left as they are.</summary>
    /// <param name="reports">The shards.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached now.</exception>
    Task ReportAsync(IReadOnlyList<ShardReport> reports, CancellationToken cancellation);

    /// <summary>Reads what is known of every shard that any node ever owned, by partition.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotStoreUnavailableException">The store can't be reached now.</exception>
    Task<IReadOnlyList<ShardRow>> ShardsAsync(CancellationToken cancellation);
}
