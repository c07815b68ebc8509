using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Persistence;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Snapshots;
using Scoring.Actors.State;

namespace Scoring.Actors.Partitions;

/// <summary>A row that a bootstrap saves.</summary>
/// <param name="Id">Its persistence id.</param>
/// <param name="Number">Its number.</param>
/// <param name="State">What it holds.</param>
public readonly record struct BootstrapRow(string Id, long Number, StoredState State);

/// <summary>
/// The snapshot store as a bootstrap uses it: in an actor system of its own, which is no member of a cluster. A call that fails is not
/// repeated: what was begun stays unfinished, and no owner lives on it.
/// </summary>
public sealed class BootstrapStore : IAsyncDisposable
{
    // The store's own limits come first, by far.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    private readonly ActorSystem system;
    private readonly IActorRef store;
    private readonly TimeProvider time;

    private BootstrapStore(ActorSystem system, TimeProvider time)
    {
        this.system = system;
        this.time = time;
        store = PartitionServices.Store(system);
    }

    /// <summary>Starts the actor system; the first call connects.</summary>
    /// <param name="options">Which database.</param>
    /// <param name="meters">Where the store's metrics are counted.</param>
    /// <param name="time">The clock.</param>
    public static BootstrapStore Open(StateOptions options, IMeterFactory meters, TimeProvider time)
    {
        // What fails is told by the call that fails; standard output is the command's.
        var configuration = ConfigurationFactory.ParseString("""
            akka.loglevel = OFF
            akka.stdout-loglevel = OFF
            akka.log-dead-letters = off
            akka.coordinated-shutdown.run-by-clr-shutdown-hook = off
            """).WithFallback(PartitionServices.Configuration(options));
        return new BootstrapStore(ActorSystem.Create("bootstrap", BootstrapSetup.Create().WithConfig(configuration).And(new SnapshotStoreSetup(meters, time))), time);
    }

    /// <summary>Saves rows, a few thousand at most; ends once all are durable.</summary>
    /// <param name="rows">The rows.</param>
    /// <exception cref="SnapshotUnavailableException">One of them could not be saved.</exception>
    public async Task SaveAsync(IReadOnlyList<BootstrapRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0)
            return;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        system.ActorOf(Props.Create(() => new Saving(store, rows, time.GetUtcNow().UtcDateTime, done)));
        await done.Task;
    }

    /// <summary>Loads the newest row of each persistence id, up to a number.</summary>
    /// <param name="ids">The persistence ids.</param>
    /// <param name="newest">The greatest number that counts.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The rows by the ids' places; null where there is none.</returns>
    /// <exception cref="SnapshotUnavailableException">One of them could not be loaded.</exception>
    public async Task<SelectedSnapshot?[]> LoadAsync(IReadOnlyList<string> ids, long newest, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return await Task.WhenAll(ids.Select(id => LoadAsync(id, newest, cancellation)));
    }

    /// <summary>Loads the newest manifest of a partition.</summary>
    /// <param name="ids">The partition's ids.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The bytes of <see cref="PartitionManifest.Read"/>; null if there is none.</returns>
    /// <exception cref="SnapshotUnavailableException">It could not be loaded.</exception>
    public async Task<byte[]?> ManifestAsync(PartitionIds ids, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return (await LoadAsync(ids.Manifest, long.MaxValue, cancellation))?.Snapshot is StoredState { Kind: StoredKind.Manifest } state ? state.Bytes : null;
    }

    /// <summary>Reads a partition's fence.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<FenceToken?> ReadFenceAsync(string topic, int partition, CancellationToken cancellation) => FenceAsync(new ReadFence(topic, partition), cancellation);

    /// <summary>Writes a partition's fence, unless a greater one stands there.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="token">The fence.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The fence that stands there afterwards.</returns>
    public Task<FenceToken?> WriteFenceAsync(string topic, int partition, FenceToken token, CancellationToken cancellation) => FenceAsync(new WriteFence(topic, partition, token), cancellation);

    /// <summary>Deletes all that is stored of partitions, apart from manifests that are unfinished.</summary>
    /// <param name="partitions">The partitions' ids.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many rows of cardholders and dues went.</returns>
    /// <exception cref="SnapshotUnavailableException">Rows could not be deleted.</exception>
    public async Task<long> ForgetAsync(IReadOnlyList<PartitionIds> partitions, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        foreach (var ids in partitions)
        {
            await ForgetManifestsAsync(ids, cancellation);
            await DeleteAsync(ids.Notes, long.MinValue, long.MaxValue, cancellation);
        }

        var gone = 0L;
        for (var request = new DeleteSnapshotsByPrefix([.. partitions.SelectMany(p => p.StatePrefixes)]); ;)
        {
            var answer = await AskAsync(request, cancellation);
            if (answer is not SnapshotsDeletedByPrefix deleted)
                throw Unavailable(answer is DeleteSnapshotsByPrefixFailed failed ? failed.Cause : null, answer);
            gone += deleted.Count;
            if (deleted.Next is not { } next)
                return gone;
            request = request with { After = next };
        }
    }

    /// <summary>Deletes a partition's manifests, apart from one that is unfinished.</summary>
    /// <param name="ids">The partition's ids.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task ForgetManifestsAsync(PartitionIds ids, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return DeleteAsync(ids.Manifest, long.MinValue, PartitionManifest.UnfinishedNumber - 1, cancellation);
    }

    /// <summary>Deletes a partition's unfinished manifest: from then on the newest other one counts.</summary>
    /// <param name="ids">The partition's ids.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task FinishAsync(PartitionIds ids, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return DeleteAsync(ids.Manifest, PartitionManifest.UnfinishedNumber, PartitionManifest.UnfinishedNumber, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await system.Terminate();

    private async Task DeleteAsync(string id, long least, long most, CancellationToken cancellation)
    {
        var answer = await AskAsync(new DeleteSnapshots(id, new SnapshotSelectionCriteria(most, DateTime.MaxValue, least)), cancellation);
        if (answer is not DeleteSnapshotsSuccess)
            throw Unavailable((answer as DeleteSnapshotsFailure)?.Cause, answer);
    }

    private async Task<SelectedSnapshot?> LoadAsync(string id, long newest, CancellationToken cancellation) =>
        await AskAsync(new LoadSnapshot(id, new SnapshotSelectionCriteria(newest), newest), cancellation) switch
        {
            LoadSnapshotResult result => result.Snapshot,
            var other => throw Unavailable((other as LoadSnapshotFailed)?.Cause, other),
        };

    private async Task<FenceToken?> FenceAsync(object request, CancellationToken cancellation) => await AskAsync(request, cancellation) switch
    {
        FenceStands stands => stands.Token,
        var other => throw Unavailable((other as FenceFailed)?.Cause, other),
    };

    private Task<object> AskAsync(object request, CancellationToken cancellation) => store.Ask(request, Limit, cancellation);

    private static SnapshotUnavailableException Unavailable(Exception? cause, object answer) => new(cause?.Message ?? $"the store answered {answer}", cause);

    /// <summary>Saves rows at once and counts the answers.</summary>
    private sealed class Saving(IActorRef store, IReadOnlyList<BootstrapRow> rows, DateTime now, TaskCompletionSource done) : UntypedActor
    {
        private int left = rows.Count;

        protected override void PreStart()
        {
            foreach (var (id, number, state) in rows)
                store.Tell(new SaveSnapshot(new SnapshotMetadata(id, number, now), state), Self);
        }

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case SaveSnapshotSuccess when --left == 0:
                    done.TrySetResult();
                    Context.Stop(Self);
                    break;
                case SaveSnapshotSuccess:
                    break;
                case SaveSnapshotFailure failure:
                    done.TrySetException(Unavailable(failure.Cause, failure));
                    Context.Stop(Self);
                    break;
                default:
                    Unhandled(message);
                    break;
            }
        }
    }
}
