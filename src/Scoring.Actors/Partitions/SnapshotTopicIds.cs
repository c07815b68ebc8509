using Akka.Actor;
using Akka.Persistence;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Snapshots;
using Scoring.Actors.State;

namespace Scoring.Actors.Partitions;

/// <summary>Remembers topics' ids beside the partitions' state: a topic that was made anew under an old name is another one.</summary>
/// <param name="store">The snapshot store; asked for when it is needed.</param>
/// <param name="time">The time that rows name.</param>
public sealed class SnapshotTopicIds(Func<IActorRef> store, TimeProvider time) : ITopicIds
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async Task<string> NoteTopicAsync(string topic, string id, CancellationToken cancellation)
    {
        var row = $"t/{topic}";
        if (await FindAsync(row, cancellation) is { } known)
            return known;
        var answer = await store().Ask(new SaveSnapshot(new SnapshotMetadata(row, 0, time.GetUtcNow().UtcDateTime), StoredTopic.Write(id)), Limit, cancellation);
        if (answer is SaveSnapshotFailure failure)
            throw new SnapshotUnavailableException(failure.Cause.Message, failure.Cause);
        return id;
    }

    private async Task<string?> FindAsync(string row, CancellationToken cancellation) =>
        await store().Ask(new LoadSnapshot(row, SnapshotSelectionCriteria.Latest, long.MaxValue), Limit, cancellation) switch
        {
            LoadSnapshotResult { Snapshot: null } => null,
            LoadSnapshotResult { Snapshot.Snapshot: StoredState { Kind: StoredKind.Topic } its } => StoredTopic.Read(its),
            LoadSnapshotFailed failed => throw new SnapshotUnavailableException(failed.Cause.Message, failed.Cause),
            var other => throw new SnapshotUnavailableException($"the row {row} holds no topic but {other}"),
        };
}
