using System.Buffers;
using Akka.Actor;
using Akka.Persistence;
using Akka.Streams;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Cardholders;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Messages;
using Scoring.Actors.Snapshots;
using Scoring.Actors.Source;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Models.Features;

namespace Scoring.Actors.Partitions;

/// <summary>
/// The take-over, whose order is its proof: nothing is read before the former owner is fenced, so K, C and the rows that are read are no
/// longer its to change, apart from rows that it still saves, and those are of a later number than is ever loaded.
/// </summary>
public sealed partial class OwnerActor
{
    // Records behind L that are taken one by one once take-overs come back to the same place.
    private const long CarefulRecords = 1_024;

    // Between two looks of a live owner at its fence.
    internal static readonly TimeSpan FenceInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StoreRetryPause = TimeSpan.FromMilliseconds(250);

    private FenceToken? token;
    private long fencesAsked;
    private long rowsFence = long.MaxValue;

    // Cardholders of whom the store has nothing: those who wait for the answer to a question about the fence, and those for the next.
    private readonly Queue<(long Asked, IActorRef Cardholder)> emptyUnlessFenced = new();
    private readonly List<IActorRef> foundNothing = [];
    private TopicFacts? facts;
    private (long? Offset, bool IsKnown) committedAtStart;
    private LogBounds? bounds;
    private PartitionManifest? manifest;
    private bool areBoundsAskedAgain;
    private int duesToLoad;
    private long replayFrom;
    private long liveAt;
    private long committed = -1;

    private bool IsExactlyOnce => context.Transactions is not null;

    private TopicPartition Place => new(context.Topics.Transactions, partition);

    private bool ReceiveTakeOver(object message)
    {
        switch (message)
        {
            case StateOverdue:
                End(new Lost(generation, LossCause.Unavailable, $"{state} took longer than {StateDeadline.TotalSeconds:N0} s; the last trouble: {lastTrouble ?? "none"}"));
                return true;
            case FenceAgain:
                AskFence();
                return true;
            case Initialised initialised:
                if (initialised.Failure is { } failure)
                    GraphEnded(failure);
                else
                    Position();
                return true;
            case Answer<TopicFacts> described:
                facts = described.Value;
                Positioned(described.Failure);
                return true;
            case Answer<CommittedOffset> read:
                committedAtStart = (read.Value?.Offset, read.Failure is null);
                Positioned(read.Failure);
                return true;
            case Answer<Bounds> read:
                if (read.Value is { } its)
                    progress.EndsAt(its.Its.High);
                if (state == OwnerState.Positioning || areBoundsAskedAgain)
                    BoundsRead(read);
                return true;
            case Answer<StartCommitted> started:
                if (started.Failure is { } refused)
                    End(new Lost(generation, LossCause.Unavailable, $"the start could not be committed: {refused.Message}"));
                else
                    SaveFirstManifest();
                return true;
            case RowLoaded loaded:
                Loaded(loaded);
                return true;
            case RowUnreadable unreadable:
                GoDown("state_unreadable", unreadable.Why);
                return true;
            default:
                return false;
        }
    }

    // 1. Fence.
    private void Fence()
    {
        saves.Trouble = trouble => NoteStore(StoreUse.Save, trouble);
        saves.ScheduleAgain = () => Timers.StartSingleTimer(SaveQueue.Again.Instance, SaveQueue.Again.Instance, StoreRetryPause);
        Enter(OwnerState.Fencing);
        Overdue();
        AskFence();
    }

    private void AskFence()
    {
        fencesAsked++;
        if (state == OwnerState.Fencing && token is not null)
            context.Store.Tell(new WriteFence(context.Topics.Transactions, partition, token, fencesAsked));
        else
            context.Store.Tell(new ReadFence(context.Topics.Transactions, partition, fencesAsked));
    }

    private void FenceStands(FenceToken? stands, long asked)
    {
        NoteStore(StoreUse.Fence, null);
        if (state == OwnerState.Fencing && token is null)
        {
            token = new FenceToken((stands?.Counter ?? 0) + 1, context.Node, context.Chance());
            AskFence();
        }
        else if (stands != token)
        {
            context.Metrics.Fenced.Add(1);
            LogFenced(partition, token!.Counter, stands?.Counter ?? 0, stands?.Node ?? "nobody");
            End(new Lost(generation, LossCause.Fenced, $"node {stands?.Node} has taken the partition over"));
        }
        else if (state == OwnerState.Fencing)
        {
            progress.Acquired(token!.Counter, null);
            Initialise();
        }
        else
        {
            FenceHolds(asked);
        }
    }

    // What was read of the store by then is what this owner has to begin with: a later owner fences first, and deletes rows after that.
    private void FenceHolds(long asked)
    {
        if (asked >= rowsFence)
        {
            rowsFence = long.MaxValue;
            BeginReplay();
        }

        while (emptyUnlessFenced.TryPeek(out var first) && first.Asked <= asked)
            emptyUnlessFenced.Dequeue().Cardholder.Tell(NothingStored.Instance, ActorRefs.NoSender);
        if (foundNothing.Count > 0 && emptyUnlessFenced.Count == 0)
            AskForEmpty();
        FenceHoldsForManifest(asked);
    }

    private void ConfirmNothingStored(IActorRef cardholder)
    {
        foundNothing.Add(cardholder);
        // One question at a time, for all that have come until then.
        if (emptyUnlessFenced.Count == 0)
            AskForEmpty();
    }

    private void AskForEmpty()
    {
        AskFence();
        foreach (var cardholder in foundNothing)
            emptyUnlessFenced.Enqueue((fencesAsked, cardholder));
        foundNothing.Clear();
    }

    private void FenceFailed(Exception cause)
    {
        NoteStore(StoreUse.Fence, cause.Message);
        Timers.StartSingleTimer(nameof(FenceAgain), FenceAgain.Instance, StoreRetryPause);
    }

    private void Initialise()
    {
        if (context.Transactions is null)
        {
            Position();
            return;
        }

        transactions = context.Transactions($"{context.GroupId}-{context.Topics.Transactions}-{partition}");
        transactions.InitAsync().PipeTo(Self, success: static () => new Initialised(null), failure: static e => new Initialised(e));
    }

    // 2. Read K, and what the topic is.
    private void Position()
    {
        Enter(OwnerState.Positioning);
        Overdue();
        Ask(context.Consumer.DescribeAsync(context.Topics.Transactions), static facts => facts);
        Ask(context.Consumer.CommittedAsync(Place), static offset => new CommittedOffset(offset));
        Ask(context.Consumer.BoundsAsync(Place), static its => new Bounds(its));
    }

    private void Ask<TFrom, T>(Task<TFrom> question, Func<TFrom, T> of)
        where T : class =>
        question.PipeTo(Self, success: value => new Answer<T>(of(value), null), failure: e => new Answer<T>(null, e));

    private void Positioned(Exception? failure)
    {
        if (failure is not null)
        {
            End(new Lost(generation, LossCause.Unavailable, $"the brokers did not say how the partition is: {failure.Message}"));
            return;
        }

        if (facts is null || !committedAtStart.IsKnown || bounds is null)
            return;
        if (facts.Partitions != context.Partitions)
        {
            GoDown("partition_count", $"{context.Topics.Transactions} has {facts.Partitions} partitions, and this node started with {context.Partitions}: murmur2 puts users into others now; see docs/durability.md on how to change the number");
            return;
        }

        // 3. Load.
        Enter(OwnerState.Loading);
        Overdue();
        Load(ids.Manifest, long.MaxValue, StoredKind.Manifest);
    }

    private void Load(string id, long newest, object tag) => Context.ActorOf(RowLoader.Props(context.Store, id, newest, tag));

    private void Loaded(RowLoaded row)
    {
        try
        {
            switch (row.Tag)
            {
                case StoredKind.Manifest:
                    manifest = BytesOf(row, StoredKind.Manifest) is { } found ? PartitionManifest.Read(found) : null;
                    if (manifest is { IsUnfinished: true })
                    {
                        GoDown("bootstrap_unfinished", $"a bootstrap of the partition up to offset {manifest.Offset} is under way or has not ended, and what there is of it is no state to live on: wait for its end, or stop the nodes and begin it again with --replace");
                        return;
                    }

                    Load(ids.Notes, long.MaxValue, StoredKind.Notes);
                    break;
                case StoredKind.Notes:
                    notes = BytesOf(row, StoredKind.Notes) is { } written ? PartitionNotes.Read(written) : new PartitionNotes();
                    LoadDues();
                    break;
                default:
                    foreach (var (key, dues) in BytesOf(row, StoredKind.Dues) is { } slice ? DueSlice.Read(slice) : [])
                        openSessions.Restore(directory.Of(key), dues);
                    duesToLoad--;
                    break;
            }

            if (row.Tag is not StoredKind.Manifest && duesToLoad == 0)
                Decide();
        }
        catch (Exception e) when (e is StateDamagedException or StateNewerException or StateLayoutException or FormatException)
        {
            GoDown(e is StateNewerException ? "state_newer" : "state_unreadable", e.Message);
        }
    }

    private static byte[]? BytesOf(RowLoaded row, StoredKind kind)
    {
        if (row.Snapshot is null)
            return null;
        return row.Snapshot.Snapshot is StoredState its && its.Kind == kind
            ? its.Bytes
            : throw new StateDamagedException($"the row {row.Snapshot.Metadata.PersistenceId} holds no {kind}");
    }

    // As of C: a later slice is a former owner's, and may lack what closes between C and it.
    private void LoadDues()
    {
        if (manifest is null || context.Features.SessionGapMicros is null)
            return;
        duesToLoad = DueSlice.Count;
        marks.Restore(manifest.Marks);
        for (var slice = 0; slice < DueSlice.Count; slice++)
            Load(ids.Dues(slice), manifest.Offset, slice);
    }

    private void Decide()
    {
        var k = committedAtStart.Offset;
        if (manifest is not null && Mismatch(manifest) is (var code, var why))
        {
            GoDown(code, why);
            return;
        }

        if (manifest is null && k is null)
        {
            CommitStart();
            return;
        }

        if (manifest is null)
        {
            replayFrom = bounds!.Value.Low;
            liveAt = k!.Value;
            marks.BeginHistory();
            LogWithoutCheckpoint(partition, replayFrom, liveAt);
        }
        else
        {
            if (IsExactlyOnce && k < manifest.Offset)
            {
                GoDown("state_ahead", $"the checkpoint is at offset {manifest.Offset}, ahead of the group's {k}: the group was set back, or the state is another log's");
                return;
            }

            if (k is null || k < manifest.Offset)
                context.Metrics.SetBack.Add(1);
            if (k is null || k < manifest.Offset)
                LogSetBack(partition, k ?? -1, manifest.Offset);
            replayFrom = manifest.Offset;
            liveAt = Math.Max(k ?? replayFrom, replayFrom);
        }

        if (liveAt > bounds!.Value.High && !areBoundsAskedAgain)
        {
            // The former owner may have got on between the two questions.
            areBoundsAskedAgain = true;
            Ask(context.Consumer.BoundsAsync(Place), static its => new Bounds(its));
            return;
        }

        if (replayFrom < bounds.Value.Low || liveAt > bounds.Value.High || replayFrom > liveAt)
        {
            context.Metrics.Lost.Add(Math.Max(0, bounds.Value.Low - Math.Min(replayFrom, liveAt)));
            GoDown("state_log_gap", $"the records from {replayFrom} to {liveAt} are needed, and the log holds {bounds.Value.Low} to {bounds.Value.High}");
            return;
        }

        RestoreMarks();
        areBoundsAskedAgain = false;
        // All rows that a take-over begins with have been read: they hold if nobody has fenced meanwhile.
        AskFence();
        rowsFence = fencesAsked;
    }

    private void BoundsRead(Answer<Bounds> read)
    {
        bounds = read.Value?.Its;
        if (!areBoundsAskedAgain || read.Failure is not null)
        {
            Positioned(read.Failure);
            return;
        }

        if (state == OwnerState.Loading && running is null && replayFrom <= liveAt)
            Decide();
    }

    private (string Code, string Why)? Mismatch(PartitionManifest its)
    {
        if (its.Topic != context.Topics.Transactions || (its.TopicId.Length > 0 && facts!.Id is { } id && id != its.TopicId))
            return ("topic_replaced", $"the state is that of topic {its.Topic} ({its.TopicId}), and this is {context.Topics.Transactions} ({facts!.Id}): another log");
        return its.Partitions == context.Partitions
            ? null
            : ("partition_count", $"the state is that of a log of {its.Partitions} partitions, and it has {context.Partitions}: see docs/durability.md on how to change the number");
    }

    private void RestoreMarks()
    {
        if (manifest is null)
            return;
        // With sessions the layouts were needed before; the same bytes give the same marks.
        marks.Restore(manifest.Marks);
        origins.Read(manifest.Origins);
        durable = manifest.Offset;
        isDurable = true;
        earlier = [new EarlierCheckpoint(manifest.Offset, manifest.ExpiryMicros), .. manifest.Earlier];
        // As the owner before had forgotten them, of whom rows no longer say that these records are not in them.
        _ = notes.Prune(long.MinValue, earlier[^1].Offset);
    }

    // A new partition: its start is committed, then there is a checkpoint of nothing, and only then it is read.
    private void CommitStart()
    {
        replayFrom = liveAt = context.FirstStart == FirstStart.Earliest ? bounds!.Value.Low : bounds!.Value.High;
        var start = new TopicPartitionOffset(Place, liveAt);
        // It is repeated until the group takes it, and must not be once another generation has begun.
        var commit = transactions is null ? context.Consumer.CommitAsync(start, life.Token) : transactions.CommitAsync(start);
        commit.PipeTo(Self, success: static () => new Answer<StartCommitted>(new StartCommitted(), null), failure: static e => new Answer<StartCommitted>(null, e));
    }

    private void SaveFirstManifest()
    {
        committedAtStart = (liveAt, true);
        marks.BeginHistory();
        var first = Manifest(liveAt, MarkBytes(), OriginBytes(), marks.Time.ExpiryMicros);
        saves.Add(ids.Manifest, liveAt, new StoredState(StoredKind.Manifest, first.Write()), () =>
        {
            (durable, isDurable) = (liveAt, true);
            earlier = [new EarlierCheckpoint(liveAt, first.ExpiryMicros)];
            BeginReplay();
        });
    }

    // 4. Note the take-over, then read from C on.
    private void BeginReplay()
    {
        committed = committedAtStart.Offset ?? -1;
        cardholders.NewestRow = replayFrom;
        mayBeStored = manifest is not null;
        notes.BeginTakeOver(liveAt, liveAt + CarefulRecords);
        SaveNotes(StartGraph);
    }

    private void StartGraph()
    {
        Timers.Cancel(nameof(StateOverdue));
        Enter(OwnerState.Replaying);
        progress.Acquired(token!.Counter, isDurable ? durable : null);
        var lone = notes.Lone();
        var from = Subscriptions.AssignmentWithOffset(new TopicPartitionOffset(Place, replayFrom)) with
        {
            Committed = committedAtStart.Offset,
            IsRefreshed = transactions is null,
            EndOfBatch = lone.EndOfBatch,
        };
        var self = Self;
        frozenAt = context.Time.GetTimestamp();
        handedTo = replayFrom;
        graph = new PartitionGraph(context, partition, self);
        running = graph.Run(Context.Materializer(), from, transactions, batch => self.Tell(new BatchCommitted(batch), ActorRefs.NoSender));
        running.Completion.PipeTo(self, success: static _ => new StreamEnded(null), failure: static e => new StreamEnded(e));
        Timers.StartPeriodicTimer(nameof(Look), Look.Instance, context.Options.NudgeInterval);
        LogReplays(partition, token.Counter, isDurable ? durable : -1, replayFrom, liveAt);
        GoLiveIfThere();
    }

    private void GoLiveIfThere()
    {
        if (state != OwnerState.Replaying || handedTo < liveAt)
            return;
        Enter(OwnerState.Live);
        // A quiet partition's watermark has to move on though no record came since the take-over.
        lastRecordAt ??= context.Time.GetTimestamp();
        progress.Finished(Math.Max(committed, liveAt), 0);
        var elapsed = context.Time.GetElapsedTime(began);
        context.Metrics.Recovered(elapsed);
        LogLive(partition, token!.Counter, liveAt, elapsed.TotalMilliseconds);
        reportsTo.Tell(new WentLive(generation));
    }

    private void Overdue() => Timers.StartSingleTimer(nameof(StateOverdue), StateOverdue.Instance, StateDeadline);

    private PartitionManifest Manifest(long offset, byte[] itsMarks, byte[] itsOrigins, long expiry) => new()
    {
        Offset = offset,
        Topic = context.Topics.Transactions,
        TopicId = facts?.Id ?? "",
        Partitions = context.Partitions,
        Marks = itsMarks,
        Origins = itsOrigins,
        ExpiryMicros = expiry,
        Earlier = [.. earlier.Take(PartitionManifest.MaxEarlier)],
    };

    private byte[] MarkBytes()
    {
        var bytes = new ArrayBufferWriter<byte>();
        marks.Save(bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private byte[] OriginBytes()
    {
        var bytes = new ArrayBufferWriter<byte>();
        origins.Write(bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private void SaveNotes(Action then)
    {
        var bytes = notes.WriteNext();
        saves.Add(ids.Notes, notes.Number, new StoredState(StoredKind.Notes, bytes), then, isUrgent: true);
    }

    private string? lastTrouble;

    private void NoteStore(StoreUse use, string? trouble)
    {
        if (trouble is null && lastTrouble is null)
            return;
        context.StoreTroubles.Note(partition, use, trouble);
        if (trouble is null)
            return;
        lastTrouble = trouble;
        context.Metrics.StoreRetries.Add(1);
    }

    private sealed record StateOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly StateOverdue Instance = new();
    }

    private sealed record FenceAgain : INoSerializationVerificationNeeded
    {
        internal static readonly FenceAgain Instance = new();
    }

    private sealed record Initialised(Exception? Failure) : INoSerializationVerificationNeeded;

    private sealed record CommittedOffset(long? Offset);

    private sealed record Bounds(LogBounds Its);

    private sealed record StartCommitted;

    private sealed record Answer<T>(T? Value, Exception? Failure) : INoSerializationVerificationNeeded
        where T : class;

    [LoggerMessage(Level = LogLevel.Error, Message = "Partition {Partition} was taken over by another owner (fence {Theirs} of node {Node}) while this one, with fence {Ours}, was at work: it ends")]
    private partial void LogFenced(int partition, long ours, long theirs, string node);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partition {Partition} has no checkpoint: the log is applied from its first record, {From}, and live at {Live}; what was before is not known")]
    private partial void LogWithoutCheckpoint(int partition, long from, long live);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The group's offset of partition {Partition} is {Committed}, before the checkpoint at {Checkpoint}: it expired or was set back, and the partition goes on at the checkpoint")]
    private partial void LogSetBack(int partition, long committed, long checkpoint);

    [LoggerMessage(Level = LogLevel.Information, Message = "Partition {Partition} is taken over with fence {Fence}: checkpoint at {Checkpoint}, replays from {From} to {Live}")]
    private partial void LogReplays(int partition, long fence, long checkpoint, long from, long live);

    [LoggerMessage(Level = LogLevel.Information, Message = "Partition {Partition} is live with fence {Fence} at {Live}, after {Millis:F0} ms")]
    private partial void LogLive(int partition, long fence, long live, double millis);
}
