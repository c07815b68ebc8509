using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;

namespace Scoring.Kafka.Consumers;

/// <summary>
/// The one consumer of a node. Streams assign partitions to it by hand, each from an explicit offset
/// (<see cref="KafkaConsumer.PlainExternalSource"/>); what it reads of one waits in a buffer of that assignment until its stage
/// asks.
/// <list type="number">
/// <item>One loop owns the client. What others ask of it waits for its turn, and comes before any record.</item>
/// <item>A partition whose buffer is full is paused, and goes on when half of it is free. Nothing is dropped for lack of room.</item>
/// <item>Each assignment is an epoch with a buffer of its own. Taking a partition away drops its buffer in the same turn.</item>
/// <item>An offset that the log does not hold fails its assignment, once the log has confirmed it; the others go on.</item>
/// <item>Commits of all partitions go together on a second loop, look-ups on a third.</item>
/// </list>
/// While the brokers are away it waits for them, and says so (<see cref="State"/>).
/// </summary>
public sealed partial class NodeConsumer : IAsyncDisposable
{
    internal static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(3);

    private readonly ConsumerSettings settings;
    private readonly IKafkaClients clients;
    private readonly ITurnScheduler turns;
    private readonly TimeProvider time;
    private readonly ILogger<NodeConsumer> logger;
    private readonly IOffsetClient offsetClient;
    private readonly BrokerReachability brokers;
    private readonly ConsumerMetrics metrics;
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private readonly Queue<PartitionAssignment> asked = new();
    private volatile int askedCount;
    private long epochs;
    private ITurnLoop? poll;
    private volatile bool isStopping;
    private volatile bool isClosed;

    /// <summary>Connects its clients; <see cref="Start"/> begins to read. Does not wait for the brokers.</summary>
    /// <param name="settings">How it reads and commits.</param>
    /// <param name="clients">Connects the clients.</param>
    /// <param name="turns">Runs its loops.</param>
    /// <param name="time">Times commits, look-ups and drains.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where it says what a person should know.</param>
    /// <exception cref="ArgumentException">A setting is not possible; the message names it.</exception>
    public NodeConsumer(ConsumerSettings settings, IKafkaClients clients, ITurnScheduler turns, TimeProvider time, IMeterFactory meters, ILogger<NodeConsumer> logger)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(meters);
        SettingChecks.ThrowIfInvalid(settings);
        this.settings = settings;
        this.clients = clients;
        this.turns = turns;
        this.time = time;
        this.logger = logger;
        brokers = new BrokerReachability(settings.BootstrapServers, time, logger);
        metrics = new ConsumerMetrics(meters, this);
        client = clients.Consumer();
        offsetClient = clients.Offsets();
        Lookups = new LookupQueue(settings, offsetClient, brokers, time, metrics);
        Commits = new OffsetCommitter(settings, offsetClient, time, metrics, logger);
    }

    /// <summary>Ends with the consumer; faulted by a defect, after which it does nothing any more.</summary>
    public Task Completion => completion.Task;

    /// <summary>How it is now. Any thread may ask; it never waits.</summary>
    public ConsumerState State
    {
        get
        {
            var its = view;
            return new(
                brokers.State, its.Length, its.Count(a => a.IsPaused), its.Sum(a => a.BufferedBytes), its.Sum(a => a.BufferedRecords),
                Lookups?.Count ?? 0, Commits?.Trouble, Volatile.Read(ref turnCount));
        }
    }

    /// <summary>How long what is under way may take to finish when a partition is drained.</summary>
    public TimeSpan DrainTimeout => settings.DrainTimeout;

    internal ConsumerSettings Settings => settings;

    internal TimeProvider Time => time;

    internal ConsumerMetrics Metrics => metrics;

    internal OffsetCommitter Commits { get; }

    internal LookupQueue Lookups { get; }

    /// <summary>Starts its loops.</summary>
    public void Start()
    {
        Lookups.Start(turns, Fail);
        Commits.Start(turns, Fail);
        poll = turns.Start("kafka-poll", Turn, FailPolling);
    }

    /// <summary>Reads the offset that the group has committed, waiting while a transaction that may change it is under way.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The offset; null where there is none. Fails with <see cref="KafkaCallException"/> after <see cref="ConsumerSettings.LookupDeadline"/>.</returns>
    public Task<long?> CommittedAsync(TopicPartition partition, CancellationToken cancellation = default) =>
        Lookups.Ask((asking, timeout) => asking.StableCommitted(partition, timeout), cancellation);

    /// <summary>Reads how far a partition reaches.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Its bounds. Fails with <see cref="KafkaCallException"/> after <see cref="ConsumerSettings.LookupDeadline"/>.</returns>
    public Task<LogBounds> BoundsAsync(TopicPartition partition, CancellationToken cancellation = default) =>
        Lookups.Ask((asking, timeout) => asking.Bounds(partition, timeout), cancellation);

    /// <summary>Reads what a topic is now, past every cache.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What it is. Fails with <see cref="KafkaCallException"/> after <see cref="ConsumerSettings.LookupDeadline"/>.</returns>
    public Task<TopicFacts> DescribeAsync(string topic, CancellationToken cancellation = default) =>
        Lookups.Ask((asking, timeout) => asking.Describe(topic, timeout), cancellation);

    /// <summary>Commits an offset of a partition that is not read yet, as where a new one starts.</summary>
    /// <param name="offset">The offset of the next record to read.</param>
    /// <param name="cancellation">Gives up; the commit may take place all the same.</param>
    /// <returns>Ends once the group has acknowledged it; until then it is repeated.</returns>
    public Task CommitAsync(TopicPartitionOffset offset, CancellationToken cancellation = default) => Commits.Commit(offset, cancellation);

    /// <summary>
    /// Stops. Assignments that are left fail; what they had under way is read again by the next owner. A call of the client's
    /// that does not come back, as while the brokers are away, is left to the end of the process.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        isStopping = true;
        Lookups.Close("the node's consumer is closed");
        Commits.Close("the node's consumer is closed");
        poll?.Wake();
        Task[] loops = poll is null ? [] : [poll.Ended, Lookups.Loop.Ended, Commits.Loop.Ended];
        try
        {
            await Task.WhenAll(loops).WaitAsync(StopPatience, time);
        }
        catch (TimeoutException)
        {
            LogNotStopped(StopPatience.TotalSeconds);
            completion.TrySetResult();
            return;
        }

        client?.Dispose();
        offsetClient.Dispose();
        completion.TrySetResult();
    }

    /// <summary>Makes an assignment, of which nothing is asked yet.</summary>
    internal PartitionAssignment Assignment(AssignmentWithOffset subscription) =>
        new(subscription, Interlocked.Increment(ref epochs), settings);

    /// <summary>Asks the poll loop for another phase of an assignment. Any thread; each assignment waits once at most.</summary>
    internal void Ask(PartitionAssignment assignment, AssignmentPhase phase)
    {
        assignment.Wish(phase);
        Tell(assignment);
    }

    private void Tell(PartitionAssignment assignment)
    {
        if (!assignment.TryAsk())
            return;
        lock (gate)
        {
            if (!isClosed)
            {
                asked.Enqueue(assignment);
                askedCount = asked.Count;
            }
        }

        if (isClosed)
            assignment.End();
        else
            poll?.Wake();
    }

    private void FailPolling(Exception reason)
    {
        Fail(reason);
        // This is still its loop, which takes no further turn.
        EndAll();
    }

    private void Fail(Exception reason)
    {
        LogFailed(reason);
        completion.TrySetException(reason);
        isStopping = true;
        poll?.Wake();
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The node's consumer has failed and reads nothing any more")]
    private partial void LogFailed(Exception reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The node's consumer did not stop within {Seconds:N0} s, for one because the brokers are away; it ends with the process")]
    private partial void LogNotStopped(double seconds);
}
