using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;

namespace Scoring.Kafka.Consumers;

/// <summary>
/// Commits what the node's partitions have done: all of them together, one call under way at a time, on a loop of its own,
/// since the client's call blocks. What is asked meanwhile goes into the next. A commit that fails is made again, with what
/// has come since.
/// </summary>
internal sealed partial class OffsetCommitter
{
    private readonly ConsumerSettings settings;
    private readonly IOffsetClient client;
    private readonly TimeProvider time;
    private readonly ConsumerMetrics metrics;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly List<PartitionAssignment> asked = [];
    private readonly List<SingleCommit> singlesAsked = [];
    private readonly HashSet<PartitionAssignment> pending = [];
    private readonly List<SingleCommit> singles = [];
    private readonly List<PartitionAssignment> refreshed = [];
    private ITurnLoop? loop;
    private long? beganAt;
    private long? failedAt;
    private string? closed;
    private volatile string? trouble;

    internal OffsetCommitter(ConsumerSettings settings, IOffsetClient client, TimeProvider time, ConsumerMetrics metrics, ILogger logger)
    {
        this.settings = settings;
        this.client = client;
        this.time = time;
        this.metrics = metrics;
        this.logger = logger;
    }

    /// <summary>Why the last commit failed; null if it did not.</summary>
    internal string? Trouble => trouble;

    internal ITurnLoop Loop => loop!;

    internal void Start(ITurnScheduler turns, Action<Exception> failed) => loop = turns.Start("kafka-commit", Turn, failed);

    /// <summary>An assignment has more to commit, or is new. Any thread.</summary>
    internal void Ask(PartitionAssignment assignment)
    {
        if (!assignment.TryAskCommit())
            return;
        lock (gate)
            asked.Add(assignment);
        loop!.Wake();
    }

    /// <summary>Commits an offset of a partition that is not being read. Any thread.</summary>
    /// <returns>Ends once the group has acknowledged it; until then it is repeated.</returns>
    internal Task Commit(TopicPartitionOffset offset, CancellationToken cancellation)
    {
        var single = new SingleCommit(offset, cancellation);
        lock (gate)
        {
            if (closed is not null)
                return Task.FromException(new InvalidOperationException(closed));
            singlesAsked.Add(single);
        }

        loop!.Wake();
        return single.Answer.Task;
    }

    /// <summary>Commits nothing any more.</summary>
    /// <param name="why">What those who wait are told.</param>
    internal void Close(string why)
    {
        lock (gate)
        {
            closed = why;
            foreach (var single in singlesAsked)
                single.Answer.TrySetException(new InvalidOperationException(why));
            singlesAsked.Clear();
        }

        loop?.Stop();
    }

    private TimeSpan? Turn()
    {
        var rest = UntilAllowed();
        if (rest > TimeSpan.Zero && (UntilRepeated() > TimeSpan.Zero || !HasSingles()))
            return rest;
        TakeAsked();
        var assignments = new List<PartitionAssignment>();
        List<TopicPartitionOffset> offsets = rest > TimeSpan.Zero ? [.. singles.Select(s => s.Offset)] : Offsets(out assignments);
        if (offsets.Count == 0)
            return rest > TimeSpan.Zero ? rest : UntilRefresh();
        Commit(offsets, assignments);
        return UntilAllowed();
    }

    // Somebody waits for a single one, to begin with a partition: it does not wait for the interval.
    private bool HasSingles()
    {
        lock (gate)
            return singlesAsked.Count > 0 || singles.Count > 0;
    }

    private TimeSpan UntilAllowed()
    {
        var interval = beganAt is { } began ? settings.CommitInterval - time.GetElapsedTime(began) : TimeSpan.Zero;
        var pause = UntilRepeated();
        return interval > pause ? interval : pause > TimeSpan.Zero ? pause : TimeSpan.Zero;
    }

    private TimeSpan UntilRepeated() => failedAt is { } failed ? settings.RetryPause - time.GetElapsedTime(failed) : TimeSpan.Zero;

    private void TakeAsked()
    {
        lock (gate)
        {
            foreach (var assignment in asked)
            {
                // Before it is looked at: what it has to commit from now on asks again.
                assignment.CommitAsked();
                pending.Add(assignment);
                if (!assignment.IsRefreshed || refreshed.Contains(assignment))
                    continue;
                assignment.CommittedAt = time.GetTimestamp();
                refreshed.Add(assignment);
            }

            singles.AddRange(singlesAsked);
            asked.Clear();
            singlesAsked.Clear();
        }

        pending.RemoveWhere(a => a.Wished == AssignmentPhase.Ended);
        refreshed.RemoveAll(a => a.Wished == AssignmentPhase.Ended);
        singles.RemoveAll(s => s.IsCancelled);
    }

    // The singles first, then the assignments.
    private List<TopicPartitionOffset> Offsets(out List<PartitionAssignment> assignments)
    {
        pending.RemoveWhere(a => !HasMore(a));
        assignments = [.. pending];
        List<TopicPartitionOffset> offsets = [.. singles.Select(s => s.Offset), .. assignments.Select(a => new TopicPartitionOffset(a.Partition, a.Prefix.End))];
        foreach (var assignment in refreshed)
        {
            if (UntilRefresh(assignment) > TimeSpan.Zero || assignments.Contains(assignment) || assignment.Committed is not { } offset)
                continue;
            assignments.Add(assignment);
            offsets.Add(new TopicPartitionOffset(assignment.Partition, offset));
        }

        return offsets;
    }

    // What is committed never falls: an assignment that begins with a replay has to pass what was committed before.
    private static bool HasMore(PartitionAssignment assignment) => assignment.Prefix.End > assignment.Settled;

    private void Commit(List<TopicPartitionOffset> offsets, List<PartitionAssignment> assignments)
    {
        var began = time.GetTimestamp();
        beganAt = began;
        failedAt = null;
        try
        {
            var failures = client.Commit(offsets);
            metrics.CommitTime.Record(time.GetElapsedTime(began).TotalSeconds);
            Answered(offsets, assignments, failures);
        }
        catch (KafkaCallException e)
        {
            Failed(e.Failure);
        }
    }

    private void Answered(List<TopicPartitionOffset> offsets, List<PartitionAssignment> assignments, IReadOnlyList<KafkaFailure?> failures)
    {
        var asked = singles.ToArray();
        for (var i = 0; i < asked.Length; i++)
        {
            if (failures[i] is null && singles.Remove(asked[i]))
                asked[i].Answer.TrySetResult();
        }

        for (var i = 0; i < assignments.Count; i++)
        {
            if (failures[asked.Length + i] is not null)
                continue;
            assignments[i].CommittedAt = time.GetTimestamp();
            // To the very assignment that asked: if it has ended meanwhile, the answer is for nobody.
            assignments[i].Acknowledge(offsets[asked.Length + i].Offset.Value);
        }

        if (failures.FirstOrDefault(f => f is not null) is { } failure)
        {
            Failed(failure);
            return;
        }

        metrics.Commits.Add(1);
        if (trouble is not null)
            LogCommitsAgain();
        trouble = null;
    }

    private void Failed(KafkaFailure failure)
    {
        failedAt = time.GetTimestamp();
        metrics.CommitFailures.Add(1);
        if (trouble is null)
            LogCommitFailed(failure.Message);
        trouble = failure.Message;
    }

    private TimeSpan UntilRefresh()
    {
        var rest = Timeout.InfiniteTimeSpan;
        foreach (var assignment in refreshed.Where(a => a.Committed is not null))
        {
            var until = UntilRefresh(assignment);
            rest = rest == Timeout.InfiniteTimeSpan || until < rest ? until : rest;
        }

        return rest;
    }

    private TimeSpan UntilRefresh(PartitionAssignment assignment)
    {
        var until = settings.CommitRefreshInterval - time.GetElapsedTime(assignment.CommittedAt);
        return until > TimeSpan.Zero ? until : TimeSpan.Zero;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A commit failed ({Reason}); it is repeated until the group takes it, and what waits for it waits")]
    private partial void LogCommitFailed(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The group takes commits again")]
    private partial void LogCommitsAgain();

    private sealed class SingleCommit(TopicPartitionOffset offset, CancellationToken cancellation)
    {
        internal TopicPartitionOffset Offset => offset;

        internal TaskCompletionSource Answer { get; } = new();

        internal bool IsCancelled => cancellation.IsCancellationRequested && Answer.TrySetCanceled(cancellation);
    }
}
