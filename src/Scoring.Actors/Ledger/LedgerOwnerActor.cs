using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Messages;
using Scoring.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Models.Wire;
using Sinks = Akka.Streams.Dsl.Sink;

namespace Scoring.Actors.Ledger;

/// <summary>
/// Copies one partition of the scores into the ledger, for one take-over of it.
/// <list type="number">
/// <item>Opening: finds where the ledger is with the partition, waiting while its database is away.</item>
/// <item>Positioning: finds how far the log reaches. Scores that have left it are counted and told, and the ledger moves on to those
/// that are there, so that nobody counts them again.</item>
/// <item>Live: reads batches and has each written with its offset in one SQL transaction, one after the other. Whoever finds the ledger
/// elsewhere than it left it gives up.</item>
/// <item>Draining: stops to read, and waits a moment for what is being written.</item>
/// </list>
/// Nothing is committed to Kafka: the ledger's own offsets count.
/// </summary>
#pragma warning disable CA1001 // What it owns it disposes of in PostStop.
public sealed partial class LedgerOwnerActor : ReceiveActor, IWithTimers
#pragma warning restore CA1001
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    private readonly LedgerOwners shared;
    private readonly TopicPartition place;
    private readonly long generation;
    private readonly IActorRef partition;
    private readonly CancellationTokenSource taking = new();
    private readonly ILogger logger;
    private LedgerLane? lane;
    private IPartitionControl? control;
    private Task<Akka.Done>? completion;
    private long? start;
    private long questions;
    private bool isAsking;
    private bool wasLive;

    /// <summary>Begins the take-over.</summary>
    /// <param name="shared">What the node's owners have in common.</param>
    /// <param name="place">The partition of the scores.</param>
    /// <param name="generation">The number of the take-over.</param>
    /// <param name="partition">Is told of its course.</param>
    public LedgerOwnerActor(LedgerOwners shared, TopicPartition place, long generation, IActorRef partition)
    {
        ArgumentNullException.ThrowIfNull(shared);
        this.shared = shared;
        this.place = place;
        this.generation = generation;
        this.partition = partition;
        logger = shared.Logger;
        Opening();
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Context.Watch(partition);
        shared.Writer.OpenAsync(place.Partition.Value, taking.Token).PipeTo(Self, success: static l => l, failure: static e => new Failed(e));
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        taking.Cancel();
        taking.Dispose();
        if (lane is not null)
            shared.Writer.Close(lane);
    }

    private void Opening()
    {
        Receive<LedgerLane>(l =>
        {
            lane = l;
            Become(Positioning);
            FindBounds();
        });
        ReceiveEnd();
    }

    private void Positioning()
    {
        Receive<Bounds>(Position);
        // What was lost is written; the log may have lost more meanwhile.
        Receive<Passed>(_ => FindBounds());
        ReceiveEnd();
    }

    private void Living()
    {
        Receive<Ended>(e => End(e.Reason));
        Receive<Look>(_ => LookAround());
        Receive<Bounds>(b =>
        {
            isAsking = false;
            lane!.ShowEnd(b.Log.High);
        });
        Receive<Failed>(_ => isAsking = false);
        Receive<Drain>(_ => BeginDrain());
        Receive<Terminated>(_ => BeginDrain());
    }

    private void Draining()
    {
        Receive<Drained>(d =>
        {
            if (d.Reason is { } reason)
                LogNotDrained(place.ToString(), reason.Message);
            GiveBack();
        });
        ReceiveAny(static _ => { });
    }

    // The client lets go of the partition before anything follows.
    private void Ending(Action then)
    {
        Receive<Released>(_ => then());
        // Who asks for it now gets the report that is coming, or is answered from the state behind.
        Receive<Drain>(_ => Become(() => Ending(GiveBack)));
        Receive<Terminated>(_ => Become(() => Ending(GiveBack)));
        ReceiveAny(static _ => { });
    }

    private void ReceiveEnd()
    {
        Receive<Failed>(f => Lose(f.Reason));
        Receive<Drain>(_ => GiveBack());
        Receive<Terminated>(_ => GiveBack());
        ReceiveAny(static _ => { });
    }

    private void FindBounds()
    {
        var question = ++questions;
        shared.Consumer.BoundsAsync(place, taking.Token).PipeTo(Self, success: b => new Bounds(question, b), failure: static e => new Failed(e));
    }

    // What answers an earlier question, as one that the stream's end has cut off, would have the same loss counted twice.
    private void Position(Bounds answer)
    {
        if (answer.Question != questions)
            return;
        questions++;
        var bounds = answer.Log;
        lane!.ShowEnd(bounds.High);
        // Of a partition that the ledger knows nothing of, nobody knows what was lost before this owner began to read.
        if ((lane.Position ?? start) is not { } position)
            GoLive(bounds.Low);
        else if (position < bounds.Low || position > bounds.High)
            Pass(new LogGap(place, position, bounds.Low, bounds.High));
        else
            GoLive(position);
    }

    private void Pass(LogGap gap)
    {
        shared.Writer.Metrics.Lost.Add(gap.Lost);
        shared.Writer.Progress.Outrun(place.Partition.Value, gap.Lost, gap.ToString(), gap.High);
        LogOutrun(gap.Lost, gap.ToString());
        shared.Writer.WriteAsync(new LedgerWrite(lane!, [], [], gap.Low)).PipeTo(Self, success: static () => Passed.Instance, failure: static e => new Failed(e));
    }

    private void GoLive(long offset)
    {
        Become(Living);
        start = offset;
        (control, completion) = KafkaConsumer.PlainExternalSource(shared.Consumer, Subscriptions.AssignmentWithOffset(new TopicPartitionOffset(place, offset)) with { IsCommitted = false })
            .SelectAsync(1, WriteAsync)
            .ToMaterialized(Sinks.Ignore<Akka.Done>(), Keep.Both)
            .Run(Context.Materializer());
        // What a write failed with comes bare or wrapped, as the stage found its task.
        completion.PipeTo(Self, success: static _ => new Ended(null), failure: static e => new Ended(e is AggregateException { InnerExceptions: [var only] } ? only : e));
        Timers.StartPeriodicTimer(nameof(Look), Look.Now, LookInterval);
        if (wasLive)
            return;
        wasLive = true;
        partition.Tell(new WentLive(generation));
    }

    // The stream's thread; of the actor it touches nothing but the lane, which is the writer's to move.
    private async Task<Akka.Done> WriteAsync(PartitionBatch batch)
    {
        List<LedgerRow> rows = new(batch.Records.Count);
        List<long> ends = new(batch.Records.Count);
        var now = shared.Writer.Now;
        for (var i = 0; i < batch.Records.Count; i++)
        {
            var record = batch.Records[i];
            if (record.Value is not { } value || !ScoreKeys.TryRead(value, out var keys))
            {
                shared.Writer.Metrics.Unreadable.Add(1);
                continue;
            }

            rows.Add(new LedgerRow(keys, value, now));
            ends.Add(record.Offset + 1);
        }

        if (batch.Next != (lane!.Position ?? batch.From))
            await shared.Writer.WriteAsync(new LedgerWrite(lane, rows, ends, batch.Next)).ConfigureAwait(false);
        return Akka.Done.Instance;
    }

    private void LookAround()
    {
        if (isAsking)
            return;
        isAsking = true;
        FindBounds();
    }

    private void BeginDrain()
    {
        Become(Draining);
        Timers.CancelAll();
        control!.DrainAndShutdown(completion!).PipeTo(Self, success: static _ => new Drained(null), failure: static e => new Drained(e));
    }

    private void End(Exception? reason)
    {
        // What was read before the gap is written by now.
        Become(() => Ending(reason is LogGapException ? Reposition : () => Lose(reason)));
        Timers.CancelAll();
        control!.Shutdown().PipeTo(Self, success: static () => Released.Instance);
    }

    private void Reposition()
    {
        Become(Positioning);
        isAsking = false;
        FindBounds();
    }

    private void GiveBack()
    {
        partition.Tell(new GaveBack(generation));
        Context.Stop(Self);
    }

    private void Lose(Exception? reason)
    {
        var why = reason?.Message ?? "its stream ended by itself";
        LogLost(place.ToString(), why);
        // Another's writes do not fence: the ledger tells where to begin again, and of two owners each takes what the other left.
        var cause = reason is null or KafkaCallException or AssignmentEndedException or LedgerOvertakenException or InvalidOperationException or OperationCanceledException
            ? LossCause.Unavailable
            : LossCause.Failed;
        partition.Tell(new Lost(generation, cause, why));
        Context.Stop(Self);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The ledger lacks {Lost} scores: {What}. GET /v1/scores does not find them")]
    private partial void LogOutrun(long lost, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Partition} is copied to the ledger anew from where that is: {Reason}")]
    private partial void LogLost(string partition, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Partition} was given back before the ledger had all that was read of it; the next owner reads it again ({Reason})")]
    private partial void LogNotDrained(string partition, string reason);

    private sealed record Bounds(long Question, LogBounds Log) : INoSerializationVerificationNeeded;

    private sealed record Failed(Exception Reason) : INoSerializationVerificationNeeded;

    private sealed record Ended(Exception? Reason) : INoSerializationVerificationNeeded;

    private sealed record Drained(Exception? Reason) : INoSerializationVerificationNeeded;

    private sealed record Passed : INoSerializationVerificationNeeded
    {
        internal static Passed Instance { get; } = new();
    }

    private sealed record Released : INoSerializationVerificationNeeded
    {
        internal static Released Instance { get; } = new();
    }

    private sealed record Look : INoSerializationVerificationNeeded
    {
        internal static Look Now { get; } = new();
    }
}
