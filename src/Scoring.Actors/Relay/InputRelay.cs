using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Kafka;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>
/// Appends labels, interactions and transactions of other topics to the input log, under the key of their user (else
/// card), so that whatever changes an entity comes through the entity's own log. The nodes share the work as a consumer
/// group of its own, <c>GROUP-relay</c>.
/// <para>
/// A record may be appended twice, and none is lost, even where two relays overlap for a while, one of them a zombie.
/// Each copy tells its origin: topic, partition, offset. A shard remembers the highest offset that it has applied of
/// each origin partition, and ignores what is not above it. That is enough because each relay's copies of an origin
/// partition stand in the log in the order of their offsets and without a gap:
/// </para>
/// <list type="bullet">
/// <item>it starts where the group has committed, and an offset is committed only when the copies of all records before
/// it (or their dead letters) are acknowledged;</item>
/// <item>it reads in order and hands over in order to an idempotent producer that keeps the order;</item>
/// <item>a copy that fails ends the producer, so that nothing behind it is appended; then all begins anew from the commit.</item>
/// </list>
/// <para>
/// So wherever in a shard's log the first copy of a record stands, the same relay's copies of all earlier records of its
/// partition stand before it, or an earlier relay's do. What the shard finds at or below its mark it has seen.
/// </para>
/// A topic that is relayed must not be deleted and made anew under its name: its offsets would begin again below the marks. One
/// that was is told of, and not relayed.
/// </summary>
public sealed partial class InputRelay : IAsyncDisposable
{
    internal static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(3);

    private readonly RelaySettings settings;
    private readonly Func<IOwnedOutputLog> openLog;
    private readonly IOutputLog deadLetters;
    private readonly RelayProgress progress;
    private readonly TimeProvider time;
    private readonly ILogger<InputRelay> logger;
    private readonly RelayMetrics metrics;
    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? leaving;
    private bool started;
    private bool isLeftBehind;

    /// <summary>Makes the relay; <see cref="Start"/> joins its group.</summary>
    /// <param name="options">What it relays, and its bounds.</param>
    /// <param name="group">Which brokers to read from, and the scorers' group, after which this one is named.</param>
    /// <param name="startsAtOldest">Whether a new group starts at the oldest record rather than at the next to come.</param>
    /// <param name="topics">The topics, prefix included.</param>
    /// <param name="limits">What a record may be at most.</param>
    /// <param name="openLog">Opens a log on which a record that fails is followed by none.</param>
    /// <param name="deadLetters">Where the dead letters go.</param>
    /// <param name="progress">Where it tells what keeps it from its work.</param>
    /// <param name="time">Times commits and the end.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where failures are logged.</param>
    public InputRelay(
        RelayOptions options,
        GroupOptions group,
        bool startsAtOldest,
        Topics topics,
        DecodeLimits limits,
        Func<IOwnedOutputLog> openLog,
        IOutputLog deadLetters,
        RelayProgress progress,
        TimeProvider time,
        IMeterFactory meters,
        ILogger<InputRelay> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(topics);
        ArgumentNullException.ThrowIfNull(meters);
        settings = new RelaySettings(options, group, startsAtOldest, topics, limits);
        this.openLog = openLog;
        this.deadLetters = deadLetters;
        this.progress = progress;
        this.time = time;
        this.logger = logger;
        metrics = new RelayMetrics(meters, settings.Origins);
    }

    /// <summary>Never ends while the relay works or is stopped; faulted if it can't go on.</summary>
    public Task Failure => failed.Task;

    /// <summary>Joins the group and begins to relay.</summary>
    public void Start()
    {
        new Thread(Run) { Name = "relay", IsBackground = true, Priority = ThreadPriority.BelowNormal }.Start();
        started = true;
    }

    /// <summary>Waits a moment for what is on its way, commits it and leaves the group, once; after a bound it is given up.</summary>
    public Task StopAsync() => leaving ??= LeaveAsync();

    /// <summary>Stops if that was not done yet, and releases what the relay's end no longer needs.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (!isLeftBehind)
            stop.Dispose();
    }

    // Where the brokers are away the group can't be left: the client stays to the end of the process.
    private async Task LeaveAsync()
    {
        await stop.CancelAsync();
        isLeftBehind = started && await Task.WhenAny(ended.Task, Task.Delay(settings.Options.StopTimeout + LeaveTimeout, time)) != ended.Task;
    }

    private void Run()
    {
        try
        {
            while (!stop.IsCancellationRequested)
                RunOnce();
        }
#pragma warning disable CA1031 // Reported by Failure, which stops the node.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failed.TrySetException(e);
        }
        finally
        {
            ended.TrySetResult();
        }
    }

    private void RunOnce()
    {
        try
        {
            using var log = openLog();
            using var session = new RelaySession(settings, log, deadLetters, progress, time, metrics, logger);
            session.Run(stop.Token);
        }
        catch (Exception e) when (e is KafkaException or RelayException && !stop.IsCancellationRequested)
        {
            metrics.Restarts.Add(1);
            LogRestart(e.Message, settings.Options.RetryDelay);
            stop.Token.WaitHandle.WaitOne(settings.Options.RetryDelay);
        }
        catch (Exception e) when (e is KafkaException or RelayException)
        {
            LogNotLeft(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The relay failed ({Reason}); it begins anew from what it has committed, in {Delay}")]
    private partial void LogRestart(string reason, TimeSpan delay);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The relay's group was not left in order ({Reason}); what was not committed is relayed again")]
    private partial void LogNotLeft(string reason);
}

/// <summary>What a relay works with.</summary>
/// <param name="Options">What it relays, and its bounds.</param>
/// <param name="Group">Which brokers to read from, and the scorers' group.</param>
/// <param name="StartsAtOldest">Whether a new group starts at the oldest record.</param>
/// <param name="Topics">The topics, prefix included.</param>
/// <param name="Limits">What a record may be at most.</param>
internal sealed record RelaySettings(RelayOptions Options, GroupOptions Group, bool StartsAtOldest, Topics Topics, DecodeLimits Limits)
{
    /// <summary>What the records of a topic are.</summary>
    internal RecordKind KindOf(string topic) =>
        topic == Topics.Labels ? RecordKind.Label
        : topic == Topics.Interactions ? RecordKind.Interaction
        : RecordKind.Transaction;

    /// <summary>The group whose committed offsets say how far the relay is.</summary>
    internal string GroupId => $"{Group.GroupId}-relay";

    /// <summary>What a person is told of a partition that is not in the log where the group stands.</summary>
    internal string WhyStanding(TopicPartition origin, long offset, LogGap? gap) =>
        $"{gap?.ToString() ?? $"offset {offset} of {origin.Topic}[{origin.Partition.Value}] is not in the log"}. Set the offset of group {GroupId} to where to go on, and start the node again";

    /// <summary>The topics to read.</summary>
    internal IEnumerable<string> Origins => [Topics.Labels, Topics.Interactions, .. Options.TransactionTopics];
}
