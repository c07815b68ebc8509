using Akka.Actor;
using Akka.Persistence;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Cardholders;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Entities;
using Scoring.Actors.Messages;
using Scoring.Actors.Snapshots;
using Scoring.Kafka.Producers;

namespace Scoring.Actors.Partitions;

/// <summary>
/// One generation of a partition's owner: from its take-over to its end. It runs the graph (<see cref="PartitionGraph"/>) and alone
/// talks to its cardholders, which are its children: what is handed over, barriers, creation and eviction happen here, so that
/// everything reaches a cardholder in one order.
/// <list type="number">
/// <item>Fencing: it writes the partition's fence, so that a former owner ends; with exactly_once it also takes over the transactional id.</item>
/// <item>Positioning: it reads the committed offset K, and asks the brokers what the topic is.</item>
/// <item>Loading: the newest manifest, which is the checkpoint C; notes; the open sessions' dues.</item>
/// <item>Replaying: the log from C on is applied without emitting, up to L.</item>
/// <item>Live: it emits, commits and takes checkpoints.</item>
/// <item>Draining: it was asked to give the partition back.</item>
/// <item>Stopped: nothing more of it reaches the log, the group or the store.</item>
/// </list>
/// It never mends itself: whatever fails ends it, and the next generation begins at C.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "An actor disposes of what it has when it stops.")]
public sealed partial class OwnerActor : UntypedActor, IWithTimers
{
    // How long a state before the replay may take: brokers or a store that are away are for the next generation to wait for.
    private static readonly TimeSpan StateDeadline = TimeSpan.FromSeconds(30);

    // What is under way when a record has failed may still be committed, so that it is not emitted again.
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(2);

    // Beyond it the partition is left as it is; the next owner fences this one.
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(10);

    private readonly PartitionContext context;
    private readonly int partition;
    private readonly long generation;
    private readonly IActorRef reportsTo;
    private readonly ShardProgress progress;
    private readonly ILogger<OwnerActor> logger;
    private readonly PartitionIds ids;
    private readonly CardholderContext cardholders;
    private readonly CardholderDirectory directory = new();
    private readonly OpenSessions openSessions;
    private readonly Models.Features.LogMarks marks;
    private readonly OriginMarks origins = new();
    private readonly SaveQueue saves;
    private readonly long began;
    private OwnerState state = OwnerState.Fencing;
    private RunningGraph? running;
    private PartitionGraph? graph;
    private TransactionalProducer? transactions;
    private PartitionNotes notes = new();
    private readonly CancellationTokenSource life = new();
    private GenerationReport? ending;

    /// <summary>Makes an owner, which begins its take-over once it is started.</summary>
    /// <param name="context">What it works with.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="generation">The number of the take-over.</param>
    /// <param name="reportsTo">Who is told of its course.</param>
    /// <param name="progress">How far it has come, for those who ask without a message.</param>
    public OwnerActor(PartitionContext context, int partition, long generation, IActorRef reportsTo, ShardProgress progress)
    {
        ArgumentNullException.ThrowIfNull(context);
        this.context = context;
        this.partition = partition;
        this.generation = generation;
        this.reportsTo = reportsTo;
        this.progress = progress;
        logger = context.Logger;
        ids = new PartitionIds(partition);
        marks = new Models.Features.LogMarks(context.Features);
        openSessions = new OpenSessions(context.Features.SessionGapMicros);
        cardholders = new CardholderContext(context.Features, marks, ids, context.Store, Self) { Probe = context.Probe };
        saves = new SaveQueue(context.Store, Self, context.Time);
        began = context.Time.GetTimestamp();
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>What makes an owner.</summary>
    /// <param name="context">What it works with.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="generation">The number of the take-over.</param>
    /// <param name="reportsTo">Who is told of its course.</param>
    /// <param name="progress">How far it has come, for those who ask without a message.</param>
    public static Props Props(PartitionContext context, int partition, long generation, IActorRef reportsTo, ShardProgress progress) =>
        Akka.Actor.Props.Create(() => new OwnerActor(context, partition, generation, reportsTo, progress));

    /// <inheritdoc/>
    protected override void PreStart() => Fence();

    /// <inheritdoc/>
    protected override void PostStop()
    {
        // Also where something threw here, and nobody asked it to end.
        Release();
        cardholders.Dispose();
    }

    // A cardholder catches what its records throw; what is left is a defect, and the state behind it can't be trusted.
    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(thrown =>
    {
        Self.Tell(new ChildFailed(thrown), ActorRefs.NoSender);
        return Directive.Stop;
    });

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        if (state == OwnerState.Stopped)
        {
            if (message is Released or StopOverdue)
                Ended();
            else if (message is ReadCard)
                Sender.Tell(new CardRead(null));
            else if (message is ReadStatistics)
                Sender.Tell(new StatisticsRead(null));
            return;
        }

        switch (message)
        {
            case BatchRead read:
                arrived.Enqueue(read.Batch);
                HandOverArrived();
                break;
            case TransactionBatch answered:
                Answered(answered);
                break;
            case BatchCommitted committed:
                Committed(committed.Batch);
                break;
            case BatchFailed failed:
                Failed(failed);
                break;
            case CheckpointBarrier barrier:
                Written(barrier);
                break;
            case CheckpointSlice:
                WriteSlice();
                break;
            case SaveSnapshotSuccess saved:
                saves.Saved(saved.Metadata);
                break;
            case SaveSnapshotFailure notSaved:
                saves.Failed(notSaved.Metadata, notSaved.Cause);
                break;
            case FenceStands fence:
                FenceStands(fence.Token, fence.Asked);
                break;
            case FenceFailed fence:
                FenceFailed(fence.Cause);
                break;
            case CardholderRead read:
                CardholderAnswered(read);
                break;
            case ReadCard read:
                Read(read, Sender);
                break;
            case ReadStatistics:
                Sender.Tell(new StatisticsRead(state == OwnerState.Live ? Statistics() : null));
                break;
            case Look:
                LookAround();
                break;
            case Drain:
                BeginDrain();
                break;
            default:
                ReceiveRare(message);
                break;
        }
    }

    private void ReceiveRare(object message)
    {
        switch (message)
        {
            case LoadFailed failed:
                NoteStore(StoreUse.Load, failed.Why);
                Timers.StartSingleTimer(Sender, new LoadAgain(Sender, failed), StoreRetryPause);
                break;
            case NothingStored:
                ConfirmNothingStored(Sender);
                break;
            case LoadAgain again:
                NoteStore(StoreUse.Load, null);
                again.Cardholder.Tell(again.Failed);
                break;
            case StateLost lost:
                context.Metrics.Damaged.Add(1);
                context.Metrics.Incomplete.Add(1);
                LogStateLost(partition, lost.Number, lost.Why);
                break;
            case StateUnreadable unreadable:
                GoDown(unreadable.Code, unreadable.Why);
                break;
            case SaveQueue.Again:
                saves.TryAgain();
                break;
            case StreamEnded ended:
                GraphEnded(ended.Failure);
                break;
            case GaveUpSettling:
                EndFailed();
                break;
            case Drained:
                FinishDrain();
                break;
            case DrainOverdue:
                End(new GaveBack(generation));
                break;
            case CardholderFailed cardholder:
                EndFor(cardholder);
                break;
            case ChildFailed child:
                LogChildFailed(partition, child.Cause);
                End(new Lost(generation, LossCause.Failed, $"a part of the owner failed: {child.Cause.Message}"));
                break;
            default:
                if (!ReceiveTakeOver(message))
                    Unhandled(message);
                break;
        }
    }

    // Whether a record of this offset may be emitted.
    private bool IsLive(long offset) => offset >= liveAt;

    private void Enter(OwnerState next)
    {
        state = next;
        progress.Enter(next switch
        {
            OwnerState.Live => ShardPhase.Live,
            OwnerState.Draining => ShardPhase.Stopping,
            OwnerState.Stopped => ShardPhase.Stopped,
            _ => ShardPhase.Recovering,
        });
    }

    private void GoDown(string code, string why)
    {
        LogDown(partition, code, why);
        progress.GoDown(code);
        End(new WentDown(generation, code, why));
    }

    /// <summary>Lets go of the partition, and says so once it has.</summary>
    private void End(GenerationReport report)
    {
        if (state == OwnerState.Stopped)
            return;
        // Where a record was to blame, that is noted; else that none was, if the store takes it before this owner is gone.
        if (report is not Lost { Cause: LossCause.Failed or LossCause.Fenced } && token is not null && notes.EndInOrder())
            context.Store.Tell(new SaveSnapshot(new SnapshotMetadata(ids.Notes, notes.Number + 1, context.Time.GetUtcNow().UtcDateTime), new StoredState(StoredKind.Notes, notes.WriteNext())), ActorRefs.NoSender);
        ending = report;
        Enter(OwnerState.Stopped);
        Timers.CancelAll();
        RefuseReaders();
        context.StoreTroubles.Forget(partition);
        Timers.StartSingleTimer(nameof(StopOverdue), StopOverdue.Instance, StopPatience);
        Release().PipeTo(Self, success: static () => Released.Instance, failure: static _ => Released.Instance);
    }

    private Task Release()
    {
        var (graphNow, producer) = (running, transactions);
        (running, transactions) = (null, null);
        life.Cancel();
        graphNow?.Abort(new OperationCanceledException("the owner has ended"));
        return Task.WhenAll(graphNow?.Control.Shutdown() ?? Task.CompletedTask, producer?.DisposeAsync().AsTask() ?? Task.CompletedTask);
    }

    private void Ended()
    {
        reportsTo.Tell(ending!);
        // Its cardholders die behind it; nobody waits for them.
        Context.Stop(Self);
    }

    private enum OwnerState
    {
        Fencing,
        Positioning,
        Loading,
        Replaying,
        Live,
        Draining,
        Stopped,
    }

    private sealed record BatchCommitted(TransactionBatch Batch) : INoSerializationVerificationNeeded;

    private sealed record StreamEnded(Exception? Failure) : INoSerializationVerificationNeeded;

    private sealed record ChildFailed(Exception Cause) : INoSerializationVerificationNeeded;

    private sealed record LoadAgain(IActorRef Cardholder, LoadFailed Failed) : INoSerializationVerificationNeeded;

    private sealed record Released : INoSerializationVerificationNeeded
    {
        internal static readonly Released Instance = new();
    }

    private sealed record StopOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly StopOverdue Instance = new();
    }

    private sealed record Look : INoSerializationVerificationNeeded
    {
        internal static readonly Look Instance = new();
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Partition {Partition} is down ({Code}): {Why}")]
    private partial void LogDown(int partition, string code, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "A cardholder's row of partition {Partition} at offset {Number} is damaged, and it begins empty: {Why}")]
    private partial void LogStateLost(int partition, long number, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "A part of the owner of partition {Partition} failed")]
    private partial void LogChildFailed(int partition, Exception cause);
}
