using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Scoring.Actors.Source;

/// <summary>The group's side: which partitions this node owns, and what it commits.</summary>
public sealed partial class KafkaSource
{
    // The client takes an exception in a handler as a wish to give everything up, so nothing may escape:
    // what goes wrong is kept and ends the poll loop.
    private IEnumerable<TopicPartitionOffset> Assigned(List<TopicPartition> partitions)
    {
        try
        {
            var starts = StartsOf(partitions);
            lock (ownership)
            {
                foreach (var start in starts)
                {
                    owned[start.Partition.Value] = new OwnedPartition(start.TopicPartition, shards.Open(start.Partition.Value))
                    {
                        Committed = start.Offset.IsSpecial ? null : start.Offset.Value,
                    };
                }

                Show();
            }

            joined.TrySetResult();
            LogAssigned(Names(partitions));
            return starts;
        }
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
            return partitions.Select(p => new TopicPartitionOffset(p, Offset.End));
        }
    }

    private List<TopicPartitionOffset> StartsOf(List<TopicPartition> partitions)
    {
        var first = options.FirstStart == FirstStart.Earliest ? Offset.Beginning : Offset.End;
        return [.. CommittedOf(partitions).Select(c => c.Offset == Offset.Unset ? new TopicPartitionOffset(c.TopicPartition, first) : c)];
    }

    private List<TopicPartitionOffset> CommittedOf(List<TopicPartition> partitions)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return consumer.Committed(partitions, CommittedTimeout);
            }
            catch (KafkaException e) when (tries < CommittedTries && !e.Error.IsFatal && !stop.IsCancellationRequested)
            {
                LogCommittedUnknown(e.Error.Code, e.Error.Reason);
            }
        }
    }

    private void Revoked(List<TopicPartitionOffset> partitions)
    {
        try
        {
            LogRevoked(Names(partitions.Select(p => p.TopicPartition)));
            var leaving = Owned(partitions);
            foreach (var partition in leaving)
                partition.Shard.RequestStop();
            // Blocks the poll thread, as a handler must: the group waits for its end before it moves the partitions.
            var finished = TryWaitAll([.. leaving.Select(p => p.Shard.Completion)], options.RevocationTimeout);
            if (!finished)
            {
                LogRevocationTimeout(options.RevocationTimeout);
                foreach (var partition in leaving)
                    partition.Shard.Abandon();
            }

            lock (ownership)
            {
                Commit(leaving);
                Forget(leaving);
            }
        }
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
        }
    }

    private void Lost(List<TopicPartitionOffset> partitions)
    {
        try
        {
            LogLost(Names(partitions.Select(p => p.TopicPartition)));
            lock (ownership)
            {
                var leaving = Owned(partitions);
                foreach (var partition in leaving)
                    partition.Shard.Abandon();
                Forget(leaving);
            }
        }
#pragma warning disable CA1031
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
        }
    }

    private List<OwnedPartition> Owned(List<TopicPartitionOffset> partitions) =>
        [.. partitions.Where(p => owned.ContainsKey(p.Partition.Value)).Select(p => owned[p.Partition.Value])];

    private void Forget(List<OwnedPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            if (partition.Paused)
                pausedPartitions--;
            owned.Remove(partition.Partition.Partition.Value);
            shards.Closed(partition.Partition.Partition.Value);
        }

        Show();
    }

    private void Show() => view = [.. owned.Values.OrderBy(p => p.Partition.Partition.Value)];

    private void CommitLoop()
    {
        try
        {
            while (!stop.Token.WaitHandle.WaitOne(options.CommitInterval) && failure is null)
            {
                lock (ownership)
                {
                    Commit([.. owned.Values]);
                }
            }
        }
#pragma warning disable CA1031 // Ends the poll loop, which reports it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
        }
    }

    // Called under `ownership`.
    private void Commit(List<OwnedPartition> partitions)
    {
        var offsets = new List<TopicPartitionOffset>();
        foreach (var partition in partitions)
        {
            if (partition.Shard.CommittableOffset is { } offset && offset != partition.Committed)
                offsets.Add(new TopicPartitionOffset(partition.Partition, offset));
        }

        if (offsets.Count == 0)
            return;
        try
        {
            consumer.Commit(offsets);
            foreach (var offset in offsets)
                owned[offset.Partition.Value].Committed = offset.Offset.Value;
        }
        catch (KafkaException e)
        {
            // Nothing is lost: what is not committed now is committed next time, or read again by the next owner.
            commitFailures.Add(1);
            LogCommitFailed(e.Error.Code, e.Error.Reason);
        }
    }

    private bool TryWaitAll(Task[] tasks, TimeSpan timeout)
    {
        try
        {
            return Task.WaitAll(tasks, timeout);
        }
        catch (AggregateException e)
        {
            // A shard that could not go on: its finished offset is right, but its node must not go on as if nothing were.
            failure ??= e.GetBaseException();
            return true;
        }
    }

    private static string Names(IEnumerable<TopicPartition> partitions) => string.Join(", ", partitions.Select(p => p.Partition.Value));

    [LoggerMessage(Level = LogLevel.Information, Message = "Partitions {Partitions} have come to this node")]
    private partial void LogAssigned(string partitions);

    [LoggerMessage(Level = LogLevel.Information, Message = "Partitions {Partitions} leave this node")]
    private partial void LogRevoked(string partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Partitions {Partitions} were lost: another node may own them already")]
    private partial void LogLost(string partitions);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Revoked shards did not finish within {Timeout}; the next owner reads again what they had begun")]
    private partial void LogRevocationTimeout(TimeSpan timeout);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The group was not left within {Timeout}, for one because its brokers are away; what was not committed is read again by the next owner")]
    private partial void LogNotLeft(TimeSpan timeout);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Partition {Partition} is down (state_log_gap): the group's offset {Offset} is not in the log. Set the group's offset explicitly to go on")]
    private partial void LogLogGap(int partition, long offset);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The group's offsets could not be read ({Code}: {Reason}); trying again")]
    private partial void LogCommittedUnknown(ErrorCode code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A commit failed ({Code}: {Reason}); it is repeated with the next")]
    private partial void LogCommitFailed(ErrorCode code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading the input log failed ({Code}: {Reason}); the client goes on trying")]
    private partial void LogConsumeError(ErrorCode code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Kafka consumer reports {Code}: {Reason} (fatal: {IsFatal})")]
    private partial void LogClientError(ErrorCode code, string reason, bool isFatal);

    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka consumer {Facility}: {Text}")]
    private partial void LogClientMessage(string facility, string text);
}
