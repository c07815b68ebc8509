using Akka.Actor;
using Akka.Persistence;

namespace Scoring.Actors.Snapshots;

/// <summary>A request that was accepted, until it is answered.</summary>
/// <param name="asker">Who is answered.</param>
internal abstract class StoreCall(IActorRef asker)
{
    internal IActorRef Asker => asker;

    /// <summary>Its name in metrics and messages.</summary>
    internal abstract string Operation { get; }

    /// <summary>What it counts against the bounds.</summary>
    internal virtual int Rows => 1;

    /// <summary>What it counts against the bounds.</summary>
    internal virtual long Bytes => 0;

    /// <summary>Whether calls of its type that follow each other are done together.</summary>
    internal virtual bool IsGrouped => true;

    /// <summary>Why it failed; null while it has not.</summary>
    internal Exception? Failure { get; set; }

    /// <summary>The answer, of a failure if there is one.</summary>
    internal abstract object Answer();
}

/// <summary>A save.</summary>
internal sealed class SaveCall(IActorRef asker, SaveSnapshot request, SnapshotMetadata metadata, SnapshotRow row) : StoreCall(asker)
{
    internal override string Operation => "save";

    internal override long Bytes => row.Payload.Length;

    internal SnapshotRow Row => row;

    internal override object Answer() => Failure is null ? new SaveSnapshotSuccess(metadata) : new SaveSnapshotFailure(request.Metadata, Failure);
}

/// <summary>A load.</summary>
internal sealed class LoadCall(IActorRef asker, LoadSnapshot request) : StoreCall(asker)
{
    internal override string Operation => "load";

    internal SnapshotRange Range { get; } = SnapshotRanges.Of(request.PersistenceId, request.Criteria, request.ToSequenceNr);

    internal SelectedSnapshot? Found { get; set; }

    internal override object Answer() => Failure is null ? new LoadSnapshotResult(Found, request.ToSequenceNr) : new LoadSnapshotFailed(Failure);
}

/// <summary>A call for a fence.</summary>
internal sealed class FenceCall(IActorRef asker, string topic, int partition, FenceToken? token, long asked) : StoreCall(asker)
{
    internal override string Operation => "fence";

    internal (string Topic, int Partition, FenceToken? Token) Fence => (topic, partition, token);

    internal FenceToken? Stands { get; set; }

    internal override object Answer() => Failure is null ? new FenceStands(topic, partition, Stands, asked) : new FenceFailed(topic, partition, Failure, asked);
}

/// <summary>A deletion; each is done alone, since it is a list or a range already.</summary>
internal abstract class DeleteCall(IActorRef asker) : StoreCall(asker)
{
    internal override string Operation => "delete";

    internal override bool IsGrouped => false;

    /// <summary>Rows that went.</summary>
    internal int Deleted { get; private protected set; }

    /// <summary>Deletes by statements of a bounded number of rows.</summary>
    /// <param name="table">Where.</param>
    /// <param name="most">Rows that a statement deletes.</param>
    /// <param name="fullStatement">Told of each statement that deleted so many.</param>
    /// <param name="cancellation">Gives up.</param>
    internal abstract Task RunAsync(ISnapshotTable table, int most, Action fullStatement, CancellationToken cancellation);
}

/// <summary>The deletion of all rows of a range, as Akka's own messages ask for it.</summary>
internal sealed class DeleteRangeCall(IActorRef asker, SnapshotRange range, object success, Func<Exception, object> failure) : DeleteCall(asker)
{
    internal override async Task RunAsync(ISnapshotTable table, int most, Action fullStatement, CancellationToken cancellation)
    {
        // It ends with the range's rows, or with the group's time.
        while (true)
        {
            var gone = await table.DeleteRangeAsync(range, most, cancellation);
            Deleted += gone;
            if (gone < most)
                return;
            fullStatement();
        }
    }

    internal override object Answer() => Failure is null ? success : failure(Failure);
}

/// <summary>The deletion of a list.</summary>
internal sealed class DeleteRowsCall(IActorRef asker, DeleteSnapshotRows request) : DeleteCall(asker)
{
    internal override int Rows => request.Rows.Count;

    internal override async Task RunAsync(ISnapshotTable table, int most, Action fullStatement, CancellationToken cancellation)
    {
        var keys = request.Rows.OrderBy(k => k.PersistenceId, StringComparer.Ordinal).ThenBy(k => k.SequenceNr);
        foreach (var chunk in keys.Chunk(most))
        {
            Deleted += await table.DeleteAsync(chunk, cancellation);
            if (chunk.Length == most)
                fullStatement();
        }
    }

    internal override object Answer() => Failure is null ? new SnapshotRowsDeleted(request, Deleted, true) : new DeleteSnapshotRowsFailed(request, Failure);
}

/// <summary>The deletion of what newer rows stand for.</summary>
internal sealed class DeleteOlderCall(IActorRef asker, DeleteOlderSnapshots request) : DeleteCall(asker)
{
    private bool isComplete;

    internal override int Rows => request.Rows.Count;

    internal override async Task RunAsync(ISnapshotTable table, int most, Action fullStatement, CancellationToken cancellation)
    {
        Deleted = await table.DeleteOlderAsync([.. request.Rows.OrderBy(r => r.PersistenceId, StringComparer.Ordinal)], most, cancellation);
        isComplete = Deleted < most;
        if (!isComplete)
            fullStatement();
    }

    internal override object Answer() => Failure is null ? new SnapshotRowsDeleted(request, Deleted, isComplete) : new DeleteSnapshotRowsFailed(request, Failure);
}

/// <summary>The deletion of all rows of some persistence ids' beginnings, one statement of it.</summary>
internal sealed class DeletePrefixesCall(IActorRef asker, DeleteSnapshotsByPrefix request) : DeleteCall(asker)
{
    private SnapshotKey? next;

    internal override async Task RunAsync(ISnapshotTable table, int most, Action fullStatement, CancellationToken cancellation)
    {
        (Deleted, next) = await table.DeletePrefixesAsync(request.Prefixes, request.After, most, cancellation);
        if (next is not null)
            fullStatement();
    }

    internal override object Answer() => Failure is null ? new SnapshotsDeletedByPrefix(request, Deleted, next) : new DeleteSnapshotsByPrefixFailed(request, Failure);
}

/// <summary>Reads Akka's criteria.</summary>
internal static class SnapshotRanges
{
    internal static SnapshotRange Of(string id, SnapshotSelectionCriteria criteria, long to) => new(
        id,
        criteria.MinSequenceNr,
        Math.Min(criteria.MaxSequenceNr, to),
        (criteria.MinTimestamp ?? DateTime.MinValue).Ticks,
        criteria.MaxTimeStamp.Ticks);

    // A time in the metadata is the latest that is meant, and none means any: a late overwrite is not what was to go.
    internal static SnapshotRange Of(SnapshotMetadata metadata) => new(
        metadata.PersistenceId,
        metadata.SequenceNr,
        metadata.SequenceNr,
        DateTime.MinValue.Ticks,
        (metadata.Timestamp > DateTime.MinValue ? metadata.Timestamp : DateTime.MaxValue).Ticks);
}
