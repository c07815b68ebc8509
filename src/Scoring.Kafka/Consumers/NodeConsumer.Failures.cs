using Microsoft.Extensions.Logging;
using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Consumers;

/// <summary>What the poll loop does when the client reports that something is wrong.</summary>
public sealed partial class NodeConsumer
{
    private long? lostAt;

    // The client marks a gap with no assignment, so it may be of an earlier one, and its fetch stands still only if it is of this
    // one. The log itself decides.
    private void TakeGap(in ConsumerEvent found)
    {
        if (Of(found) is not { IsGapAsked: false } assignment || found.Offset < assignment.Position)
            return;
        assignment.IsGapAsked = true;
        assignment.Trouble = found.Failure?.Message;
        assignment.GapAnswer = BoundsAsync(assignment.Partition);
        assignment.GapAnswer.ContinueWith(
            (_, its) => Tell((PartitionAssignment)its!), assignment, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void Confirm(PartitionAssignment assignment, Task<LogBounds> answer)
    {
        assignment.GapAnswer = null;
        assignment.IsGapAsked = false;
        if (answer.IsCompletedSuccessfully && Lacks(answer.GetAwaiter().GetResult(), assignment.Position) is { } bounds)
        {
            var gap = new LogGapException(assignment.Partition, assignment.Position, bounds.Low, bounds.High);
            metrics.Gaps.Add(1);
            LogGap(gap.Message);
            assignment.Trouble = gap.Message;
            assignment.FailBehind(gap);
            return;
        }

        // Not so, or not known: from the same place again, where the client goes on or says it anew.
        if (paused.Remove(assignment) && !Calling(c => c.Resume(assignment.Partition)))
            return;
        assignment.IsPaused = false;
        if (Calling(c => c.Unassign(assignment.Partition)))
            Calling(c => c.Assign(assignment.Partition, assignment.Position));
    }

    private static LogBounds? Lacks(LogBounds bounds, long offset) => offset < bounds.Low || offset > bounds.High ? bounds : null;

    private void TakeTrouble(in ConsumerEvent found)
    {
        if (Of(found) is not { } assignment || found.Failure is not { } failure || assignment.Trouble == failure.Message)
            return;
        assignment.Trouble = failure.Message;
        LogTrouble(assignment.Partition.ToString(), failure.Message);
    }

    private void TakeFailure(KafkaFailure failure)
    {
        if (failure.Class == FailureClass.Fatal)
            Replace(failure);
        else
            Lookups.ProbeSoon();
    }

    // A client that refuses what it is told does not see what this consumer sees.
    private bool Calling(Action<IConsumerClient> call)
    {
        try
        {
            call(client!);
            return true;
        }
        catch (KafkaCallException e)
        {
            Replace(e.Failure);
            return false;
        }
    }

    // What it read is in doubt; each stream begins again with the next client.
    private void Replace(KafkaFailure failure)
    {
        LogReplaced(failure.Message);
        metrics.Replacements.Add(1);
        foreach (var assignment in view)
        {
            assignment.Fail(new KafkaCallException(failure));
            assignment.DropBuffer();
            assignment.Phase = AssignmentPhase.Stopped;
        }

        assigned.Clear();
        paused.Clear();
        last = null;
        Show();
        client?.Dispose();
        client = null;
        lostAt = time.GetTimestamp();
    }

    private bool TryReconnect(out TimeSpan rest)
    {
        rest = lostAt is { } at ? settings.RetryPause - time.GetElapsedTime(at) : TimeSpan.Zero;
        if (rest > TimeSpan.Zero)
            return false;
        client = clients.Consumer();
        // One that fails the new client too puts those behind it back.
        var waiting = unbegun.ToArray();
        unbegun.Clear();
        foreach (var assignment in waiting)
            Carry(assignment);
        return client is not null;
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The log has a gap: {Gap}")]
    private partial void LogGap(string gap);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Partition} can't be read now; the client goes on trying ({Reason})")]
    private partial void LogTrouble(string partition, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The consumer came to its end and is replaced ({Reason})")]
    private partial void LogReplaced(string reason);
}
