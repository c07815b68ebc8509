using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Messages;
using Scoring.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Sinks = Akka.Streams.Dsl.Sink;

namespace Scoring.Actors.Relay;

/// <summary>
/// Relays one partition of a relayed topic, for one take-over of it.
/// <list type="number">
/// <item>Positioning: finds the committed offset, or the first start, which is committed before anything is read.</item>
/// <item>Live: reads, appends copies in order by a producer that leaves no gap, then dead letters, and commits in order behind both.</item>
/// <item>Draining: stops to read, and waits a moment for what is under way.</item>
/// <item>Down: tells of what it lacks until its partition leaves this node.</item>
/// </list>
/// What it promises of the copies' order is in <see cref="RelayOwners"/>; that an earlier owner's may still come is part of it.
/// </summary>
#pragma warning disable CA1001 // What it owns it disposes of in PostStop.
public sealed partial class RelayOwnerActor : ReceiveActor, IWithTimers
#pragma warning restore CA1001
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    private readonly RelayOwners shared;
    private readonly TopicPartition origin;
    private readonly long generation;
    private readonly IActorRef partition;
    private readonly CancellationTokenSource positioning = new();
    private readonly RelayCopier copier;
    private readonly ILogger logger;
    private IPartitionControl? control;
    private Task<Akka.Done>? completion;
    private bool isAsking;
    private string? standing;

    // The stream's: what it counts is subtracted when it ends.
    private int underWay;

    /// <summary>Begins the take-over.</summary>
    /// <param name="shared">What the node's owners have in common.</param>
    /// <param name="origin">The partition of a relayed topic.</param>
    /// <param name="generation">The number of the take-over.</param>
    /// <param name="partition">Is told of its course.</param>
    public RelayOwnerActor(RelayOwners shared, TopicPartition origin, long generation, IActorRef partition)
    {
        ArgumentNullException.ThrowIfNull(shared);
        this.shared = shared;
        this.origin = origin;
        this.generation = generation;
        this.partition = partition;
        logger = shared.Logger;
        copier = new RelayCopier(shared.Settings, shared.Time);
        Positioning();
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        Context.Watch(partition);
        PositionAsync().PipeTo(Self, success: static p => p, failure: static e => new Failed(e));
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        positioning.Cancel();
        positioning.Dispose();
        shared.Metrics.AddUnderWay(-Volatile.Read(ref underWay));
        shared.Metrics.Left(origin.Topic, origin.Partition.Value);
        if (standing is not null)
            shared.Progress.Left(origin.Topic, origin.Partition.Value, standing);
    }

    private void Positioning()
    {
        Receive<Position>(Begin);
        Receive<Failed>(f => Lose(f.Reason));
        Receive<Drain>(_ => GiveBack());
        Receive<Terminated>(_ => GiveBack());
    }

    private void Living()
    {
        Receive<Ended>(e => End(e.Reason));
        Receive<Look>(_ => LookAround());
        Receive<LogBounds>(Show);
        Receive<Failed>(_ => isAsking = false);
        Receive<Drain>(_ => BeginDrain());
        Receive<Terminated>(_ => BeginDrain());
    }

    private void Draining()
    {
        Receive<Drained>(d =>
        {
            if (d.Reason is { } reason)
                LogNotDrained(origin.ToString(), reason.Message);
            GiveBack();
        });
        ReceiveAny(static _ => { });
    }

    // The client lets go of the partition before anybody is told that it is free.
    private void Ending(Action report)
    {
        Receive<Released>(_ => report());
        // What would be answered by a report gets the one that is coming.
        ReceiveAny(static _ => { });
    }

    private void Down()
    {
        Receive<Drain>(_ => Context.Stop(Self));
        Receive<Terminated>(_ => Context.Stop(Self));
        ReceiveAny(static _ => { });
    }

    // The input log is looked up first: had it come into being between two copies, the client would take the second after it has
    // failed the first.
    private async Task<Position> PositionAsync()
    {
        var (consumer, cancellation) = (shared.Consumer, positioning.Token);
        await consumer.DescribeAsync(shared.Settings.Topics.Transactions, cancellation).ConfigureAwait(false);
        var facts = await consumer.DescribeAsync(origin.Topic, cancellation).ConfigureAwait(false);
        if (origin.Partition.Value >= facts.Partitions)
            return new Position(0, default, facts.Partitions);
        var committed = await consumer.CommittedAsync(origin, cancellation).ConfigureAwait(false);
        var bounds = await consumer.BoundsAsync(origin, cancellation).ConfigureAwait(false);
        if (committed is { } offset)
            return new Position(offset, bounds, facts.Partitions);
        var start = shared.Settings.StartsAtOldest ? bounds.Low : bounds.High;
        // Else what comes until the first commit would be passed over by the next owner that starts at the end.
        await consumer.CommitAsync(new TopicPartitionOffset(origin, start), cancellation).ConfigureAwait(false);
        return new Position(start, bounds, facts.Partitions);
    }

    private void Begin(Position position)
    {
        if (shared.Progress.WhyStopped(origin.Topic) is { } stopped)
            GoDown("topic_replaced", stopped);
        else if (origin.Partition.Value >= position.Partitions)
            GoDown("partition_count", $"{origin.Topic} has {position.Partitions} partitions, and no partition {origin.Partition.Value} that was to be relayed");
        else if (position.Offset < position.Bounds.Low || position.Offset > position.Bounds.High)
            Stand(new LogGap(origin, position.Offset, position.Bounds.Low, position.Bounds.High));
        else
            GoLive(position);
    }

    private void GoLive(Position position)
    {
        Become(Living);
        var start = Subscriptions.AssignmentWithOffset(new TopicPartitionOffset(origin, position.Offset)) with { Committed = position.Offset, IsRefreshed = true };
        (control, completion) = KafkaConsumer.PlainExternalSource(shared.Consumer, start)
            .Select(Copied)
            .Via(KafkaProducer.FlexiFlow<RelayedBatch>(shared.Copies))
            .Select(Buried)
            .Via(KafkaProducer.FlexiFlow<RelayedBatch>(shared.DeadLetters))
            .Select(Bared)
            .Via(KafkaProducer.FlexiFlow<RelayedBatch>(shared.DeadLetters))
            .Select(Taken)
            .Via(Committer.Flow<RelayedBatch>(shared.Consumer, static b => b.Batch))
            .ToMaterialized(Sinks.ForEach<RelayedBatch>(b => Count(-b.Batch.Records.Count)), Keep.Both)
            .Run(Context.Materializer());
        completion.PipeTo(Self, success: static _ => new Ended(null), failure: static e => new Ended(e));
        Timers.StartPeriodicTimer(nameof(Look), Look.Now, LookInterval);
        Show(position.Bounds);
        partition.Tell(new WentLive(generation));
    }

    private ProducerMessage<RelayedBatch> Copied(PartitionBatch batch)
    {
        List<ProducerRecord> copies = new(batch.Records.Count), letters = [];
        for (var i = 0; i < batch.Records.Count; i++)
        {
            var record = batch.Records[i];
            var copy = copier.Copy(origin, record.Offset, record.Timestamp, record.Key, record.Value, record.Headers, out var rejection);
            (rejection is null ? copies : letters).Add(ProducerRecords.Of(copy));
            if (rejection is not null)
                shared.Metrics.Dead(rejection.Reason);
        }

        Count(batch.Records.Count);
        shared.Metrics.Relayed(origin.Topic, copies.Count);
        return new(copies, new RelayedBatch(batch, letters));
    }

    private static ProducerMessage<RelayedBatch> Buried(ProducerResult<RelayedBatch> result)
    {
        ThrowIfRefused(result, "the copy");
        return new(result.PassThrough.Letters, result.PassThrough);
    }

    // A dead letter that is too large goes without its value: its coordinates say where the bytes still are.
    private static ProducerMessage<RelayedBatch> Bared(ProducerResult<RelayedBatch> result) => new(
        [.. result.Refused.Select(r => ProducerRecords.WithoutValue(result.PassThrough.Letters[r.Index], r.Failure.Message))], result.PassThrough);

    private static RelayedBatch Taken(ProducerResult<RelayedBatch> result)
    {
        ThrowIfRefused(result, "the dead letter");
        return result.PassThrough;
    }

    private static void ThrowIfRefused(in ProducerResult<RelayedBatch> result, string what)
    {
        if (result.Refused is [var refused, ..])
            throw new RelayException($"{result.PassThrough}: {what} of a record was not appended ({refused.Failure.Message})");
    }

    private void Count(int records)
    {
        Interlocked.Add(ref underWay, records);
        shared.Metrics.AddUnderWay(records);
    }

    private void LookAround()
    {
        if (shared.Progress.WhyStopped(origin.Topic) is { } stopped)
        {
            Release(() => GoDown("topic_replaced", stopped));
            return;
        }

        if (isAsking)
            return;
        isAsking = true;
        shared.Consumer.BoundsAsync(origin).PipeTo(Self, success: static b => b, failure: static e => new Failed(e));
    }

    private void Show(LogBounds bounds)
    {
        isAsking = false;
        shared.Metrics.Show(origin.Topic, origin.Partition.Value, Math.Max(0, bounds.High - (control!.State.Committed ?? bounds.Low)));
    }

    private void BeginDrain()
    {
        Become(Draining);
        Timers.CancelAll();
        control!.DrainAndShutdown(completion!).PipeTo(Self, success: static _ => new Drained(null), failure: static e => new Drained(e));
    }

    private void End(Exception? reason)
    {
        if (reason is LogGapException gap)
            Release(() => Stand(new LogGap(origin, gap.Needed, gap.Low, gap.High)));
        else
            Release(() => Lose(reason));
    }

    private void Release(Action report)
    {
        Become(() => Ending(report));
        Timers.CancelAll();
        control!.Shutdown().PipeTo(Self, success: static () => Released.Instance);
    }

    private void GiveBack()
    {
        partition.Tell(new GaveBack(generation));
        Context.Stop(Self);
    }

    private void Lose(Exception? reason)
    {
        var why = reason?.Message ?? "its stream ended by itself";
        shared.Metrics.Restarts.Add(1);
        LogLost(origin.ToString(), why);
        // What the brokers or their clients report passes; anything else is a defect, or a record that none of the logs takes.
        var cause = reason is null or KafkaCallException or ProduceFailedException or AssignmentEndedException or InvalidOperationException or OperationCanceledException
            ? LossCause.Unavailable
            : LossCause.Failed;
        partition.Tell(new Lost(generation, cause, why));
        Context.Stop(Self);
    }

    // What is gone is gone, but what comes is not passed by: somebody has to say where to go on.
    private void Stand(LogGap gap)
    {
        var why = shared.Settings.WhyStanding(origin, gap.Position, gap);
        shared.Metrics.Gaps.Add(1);
        shared.Metrics.Lost.Add(gap.Lost, KeyValuePair.Create<string, object?>("topic", origin.Topic));
        GoDown("state_log_gap", why);
    }

    private void GoDown(string code, string why)
    {
        standing = why;
        shared.Progress.Stands(origin.Topic, origin.Partition.Value, why);
        LogNotRelayed(why);
        Become(Down);
        partition.Tell(new WentDown(generation, code, why));
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "A partition is not relayed: {Why}")]
    private partial void LogNotRelayed(string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Partition} is relayed anew from what was committed: {Reason}")]
    private partial void LogLost(string partition, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Partition} was given back before all that was under way was committed; the next owner relays it again ({Reason})")]
    private partial void LogNotDrained(string partition, string reason);

    private sealed record Position(long Offset, LogBounds Bounds, int Partitions) : INoSerializationVerificationNeeded;

    private sealed record Failed(Exception Reason) : INoSerializationVerificationNeeded;

    private sealed record Ended(Exception? Reason) : INoSerializationVerificationNeeded;

    private sealed record Drained(Exception? Reason) : INoSerializationVerificationNeeded;

    private sealed record Released : INoSerializationVerificationNeeded
    {
        internal static Released Instance { get; } = new();
    }

    private sealed record Look : INoSerializationVerificationNeeded
    {
        internal static Look Now { get; } = new();
    }
}
