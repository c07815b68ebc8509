using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;

namespace Scoring.Actors.Source;

/// <summary>
/// Runs a <see cref="GroupMember"/> on Kafka: one thread polls, another commits, so that a slow commit holds up no record.
/// </summary>
public sealed partial class KafkaSource : IAsyncDisposable
{
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(20);

    // While a partition waits for its shard, the shard's progress is what to wait for, and no record announces that.
    private static readonly TimeSpan ImpatientPollTimeout = TimeSpan.FromMilliseconds(1);

    // Beside the shards' time to finish: for their last commit and for leaving the group.
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan UnfinishedCommitPause = TimeSpan.FromMilliseconds(1);

    private readonly SourceOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<KafkaSource> logger;
    private readonly KafkaGroupClient client;
    private readonly GroupMember member;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stop = new();
    private Thread? committer;
    private Task? leaving;
    private bool isLeftBehind;

    /// <summary>Makes the source; <see cref="Start"/> joins the group.</summary>
    /// <param name="options">How it reads.</param>
    /// <param name="topic">The input log's topic.</param>
    /// <param name="mailboxRecords">Records in a shard's mailbox at which its partition is paused.</param>
    /// <param name="nodeId">This node's id, by which it knows its own waiters.</param>
    /// <param name="shards">Where the records go.</param>
    /// <param name="transactions">Commits offsets with their outputs; null commits them by themselves.</param>
    /// <param name="time">Times the commits.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="loggers">Where rebalances and errors are logged.</param>
    public KafkaSource(
        SourceOptions options,
        string topic,
        int mailboxRecords,
        string nodeId,
        IShardSet shards,
        ITransactions? transactions,
        TimeProvider time,
        IMeterFactory meters,
        ILoggerFactory loggers)
    {
        this.options = options;
        this.time = time;
        logger = loggers.CreateLogger<KafkaSource>();
        client = new KafkaGroupClient(options, topic, nodeId, time, loggers.CreateLogger<KafkaGroupClient>());
        member = new GroupMember(options, mailboxRecords, shards, client, transactions, Wait, time, meters, loggers.CreateLogger<GroupMember>());
    }

    /// <summary>Ends when the source has left the group; faulted if it or a shard could not go on.</summary>
    public Task Completion => ended.Task;

    /// <summary>Ends when the group has given this node its share of the partitions for the first time; faulted if it never will.</summary>
    public Task Joined => member.Joined;

    /// <summary>Joins the group and begins to read.</summary>
    public void Start()
    {
        member.Join();
        committer = new Thread(CommitLoop) { Name = "source-commit", IsBackground = true };
        committer.Start();
        new Thread(Poll) { Name = "source-poll", IsBackground = true }.Start();
    }

    /// <summary>This node as a member of the group, as a transaction's offsets name it.</summary>
    public IConsumerGroupMetadata Member => client.Member;

    /// <summary>Reads nothing more: the log is not what the state is made of.</summary>
    /// <param name="code">Why, as a code.</param>
    public void Halt(string code) => member.Halt(code);

    /// <summary>The partitions of this node. Never waits.</summary>
    public IReadOnlyList<PartitionState> Partitions() => member.Partitions();

    /// <summary>
    /// Finishes what the shards have begun, commits it, and leaves the group, once. Where the brokers are away none of
    /// this can be had: after a bound the client is left to the end of the process.
    /// </summary>
    public Task StopAsync() => leaving ??= LeaveAsync();

    /// <summary>Stops if that was not done yet, and closes the client, unless it had to be left behind.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (isLeftBehind)
            return;
        client.Dispose();
        stop.Dispose();
    }

    private async Task LeaveAsync()
    {
        await stop.CancelAsync();
        if (committer is not null)
        {
            // A failure was reported by Completion; leaving is all that is left to do.
            var left = ended.Task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            if (await Task.WhenAny(left, Task.Delay(options.RevocationTimeout + LeaveTimeout, time)) != left)
            {
                isLeftBehind = true;
                LogNotLeft(options.RevocationTimeout + LeaveTimeout);
            }
        }
    }

    private void Poll()
    {
        try
        {
            while (!stop.IsCancellationRequested && member.Failure is null)
                member.Turn(member.IsImpatient ? ImpatientPollTimeout : PollTimeout);
        }
#pragma warning disable CA1031 // Reported by Completion, which stops the node.
        catch (Exception e)
#pragma warning restore CA1031
        {
            member.Fail(e);
        }

        member.Leave();
        committer!.Join();
        if (member.Failure is { } failure)
            ended.TrySetException(failure);
        else
            ended.TrySetResult();
    }

    private void CommitLoop()
    {
        try
        {
            var pause = options.CommitInterval;
            while (!stop.Token.WaitHandle.WaitOne(pause) && member.Failure is null)
                pause = member.Commit() ? options.CommitInterval : UnfinishedCommitPause;
        }
#pragma warning disable CA1031 // Ends the poll loop, which reports it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            member.Fail(e);
        }
    }

    private static bool Wait(Task task, TimeSpan timeout) => Task.WaitAny([task], timeout) == 0;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The group was not left within {Timeout}, for one because its brokers are away; what was not committed is read again by the next owner")]
    private partial void LogNotLeft(TimeSpan timeout);
}
