using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Akka.Persistence;
using Scoring.Actors.Sql;

namespace Scoring.Actors.Snapshots;

/// <summary>
/// A snapshot store of Akka.Persistence on PostgreSQL or SQLite that commits in groups what came within two milliseconds, and
/// answers loads that came together by one query. Its table and rows are those of Akka.Persistence.Sql. Chosen as any plugin is, by
/// <c>class = "Scoring.Actors.Snapshots.GroupCommitSnapshotStore, Scoring.Actors"</c> in its section; needs a <see cref="SnapshotStoreSetup"/>.
/// <list type="number">
/// <item>A request becomes a call and takes its place in a lane: saves and deletes in one, loads in another, fences in a third.</item>
/// <item>A lane that is due, or full, gives a group away, which is done outside this actor.</item>
/// <item>A group that is done comes back, and each of its calls is answered.</item>
/// </list>
/// It speaks the protocol without Akka's <c>SnapshotStore</c>: that one deletes by id and number after a save that it thinks failed,
/// which may be another owner's row by then. Here a failed save deletes nothing. What does not fit into a lane is answered with a
/// failure at once; a stop answers all that is open.
/// </summary>
public sealed class GroupCommitSnapshotStore : UntypedActor
{
    private const int LoadGroups = 2;

    private readonly ISnapshotTable table;
    private readonly SnapshotPayloads payloads;
    private readonly SnapshotGroups groups;
    private readonly SnapshotMetrics metrics;
    private readonly TimeProvider time;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly Lane writes;
    private readonly Lane loads;
    private readonly Lane fences;
    private readonly ITimer window;

    /// <summary>Makes the store; its first call connects.</summary>
    /// <param name="section">The plugin's section.</param>
    /// <exception cref="ConfigurationException">The section is wrong, or the actor system's set-up lacks a <see cref="SnapshotStoreSetup"/>.</exception>
    public GroupCommitSnapshotStore(Config section)
    {
        ArgumentNullException.ThrowIfNull(section);
        var options = SnapshotStoreOptions.Read(section);
        var given = Context.System.Settings.Setup.Get<SnapshotStoreSetup>();
        if (!given.HasValue)
            throw new ConfigurationException($"The actor system was set up without a {nameof(SnapshotStoreSetup)}, which the snapshot store takes its clock and meters from");
        (metrics, time) = (given.Value.Metrics, given.Value.Time);
        payloads = new SnapshotPayloads((ExtendedActorSystem)Context.System, options.Serializer.Length > 0 ? options.Serializer : null);
        table = given.Value.Table?.Invoke() ?? (options.Provider == SqlProvider.Postgres ? new PostgresSnapshotTable(options) : new SqliteSnapshotTable(options, time));
        groups = new SnapshotGroups(table, payloads, options, metrics, time);
        writes = new Lane(LaneName.Write, new LaneBounds
        {
            Rows = options.MaxWaitingRows,
            RowsAre = WaitingBound.Rows,
            Bytes = options.MaxWaitingBytes,
            GroupRows = options.MaxGroupRows,
            GroupBytes = options.MaxGroupBytes,
            // A second one could overtake the first and leave the older of two saves of one row.
            Groups = 1,
            Window = options.GroupWindow,
        }, metrics);
        loads = new Lane(LaneName.Load, new LaneBounds { Rows = options.MaxWaitingLoads, RowsAre = WaitingBound.Loads, GroupRows = options.MaxGroupRows, Groups = LoadGroups }, metrics);
        fences = new Lane(LaneName.Fence, new LaneBounds { Rows = options.MaxWaitingFenceCalls, RowsAre = WaitingBound.FenceCalls, GroupRows = options.MaxGroupRows, Groups = 1 }, metrics);
        var (self, due) = (Self, new GroupDue(writes));
        // The system's own scheduler counts in steps of 10 ms.
        window = time.CreateTimer(_ => self.Tell(due), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            // 1. A request takes its place.
            case SaveSnapshot save:
                Save(save);
                break;
            case LoadSnapshot load when load.Criteria.Equals(SnapshotSelectionCriteria.None):
                Sender.Tell(new LoadSnapshotResult(null, load.ToSequenceNr));
                break;
            case LoadSnapshot load:
                Accept(loads, new LoadCall(Sender, load));
                break;
            case DeleteSnapshot delete:
                Accept(writes, new DeleteRangeCall(Sender, SnapshotRanges.Of(delete.Metadata), new DeleteSnapshotSuccess(delete.Metadata), e => new DeleteSnapshotFailure(delete.Metadata, e)));
                break;
            case DeleteSnapshots delete:
                Accept(writes, new DeleteRangeCall(Sender, SnapshotRanges.Of(delete.PersistenceId, delete.Criteria, long.MaxValue), new DeleteSnapshotsSuccess(delete.Criteria), e => new DeleteSnapshotsFailure(delete.Criteria, e)));
                break;
            case DeleteSnapshotRows delete:
                Accept(writes, new DeleteRowsCall(Sender, delete));
                break;
            case DeleteOlderSnapshots delete:
                Accept(writes, new DeleteOlderCall(Sender, delete));
                break;
            case DeleteSnapshotsByPrefix delete:
                Accept(writes, new DeletePrefixesCall(Sender, delete));
                break;
            case ReadFence read:
                Accept(fences, new FenceCall(Sender, read.Topic, read.Partition, null, read.Asked));
                break;
            case WriteFence write:
                Accept(fences, new FenceCall(Sender, write.Topic, write.Partition, write.Token, write.Asked));
                break;

            // 2. A lane is due.
            case GroupDue due:
                due.Lane.Due();
                Start(due.Lane);
                break;

            // 3. A group is done.
            case GroupDone done:
                done.Lane.Done(done.Group);
                foreach (var call in done.Group)
                    call.Asker.Tell(call.Answer());
                Start(done.Lane);
                break;
            case Status.Failure failure:
                // A defect: the restart answers what is open.
                throw new InvalidOperationException("A group of the snapshot store ended without its calls' outcomes", failure.Cause);
            default:
                Unhandled(message);
                break;
        }
    }

    /// <summary>Answers what is open; what is under way may be done all the same.</summary>
    protected override void PostStop()
    {
        window.Dispose();
        foreach (var lane in new[] { writes, loads, fences })
        {
            foreach (var call in lane.Calls)
                Refuse(call, new SnapshotUnavailableException($"The store on {table.Name} stopped"));
            lane.Clear();
        }

        // Groups under way end by themselves, within their time.
        _ = CloseAsync();
    }

    private void Save(SaveSnapshot request)
    {
        var given = request.Metadata;
        var metadata = given.Timestamp == DateTime.MinValue ? new SnapshotMetadata(given.PersistenceId, given.SequenceNr, time.GetUtcNow().UtcDateTime) : given;
        try
        {
            Accept(writes, new SaveCall(Sender, request, metadata, payloads.Write(metadata, request.Snapshot)));
        }
#pragma warning disable CA1031 // A serializer may throw anything; whoever asked gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            metrics.Failed(passes: false);
            Sender.Tell(new SaveSnapshotFailure(given, e));
        }
    }

    private void Accept(Lane lane, StoreCall call)
    {
        if (lane.NeverFits(call))
        {
            metrics.Failed(passes: false);
            Refuse(call, new ArgumentException($"{call.Rows} rows of {call.Bytes} bytes are more than the store on {table.Name} ever takes in"));
        }
        else if (lane.Accept(call, out var isFirst) is { } bound)
        {
            metrics.Refused(bound);
            Refuse(call, new SnapshotUnavailableException($"The store on {table.Name} has as much to do as may wait for it"));
        }
        else
        {
            if (isFirst)
                Await(lane);
            Start(lane);
        }
    }

    private static void Refuse(StoreCall call, Exception cause)
    {
        call.Failure = cause;
        call.Asker.Tell(call.Answer());
    }

    private void Await(Lane lane)
    {
        if (lane.Window > TimeSpan.Zero)
            window.Change(lane.Window, Timeout.InfiniteTimeSpan);
        else
            // Behind what has been sent already.
            Self.Tell(new GroupDue(lane));
    }

    private void Start(Lane lane)
    {
        while (lane.TryStart() is { } group)
            groups.RunAsync(group).PipeTo(Self, success: () => new GroupDone(lane, group));
    }

    private async Task CloseAsync()
    {
        try
        {
            await table.DisposeAsync();
        }
#pragma warning disable CA1031 // The store is gone: there is nothing left to do but to say so.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.Warning(e, "{0} could not be closed", table.Name);
        }
    }

    private sealed record GroupDue(Lane Lane) : INoSerializationVerificationNeeded;

    private sealed record GroupDone(Lane Lane, StoreCall[] Group) : INoSerializationVerificationNeeded;
}
