namespace Scoring.Kafka.Consumers;

/// <summary>Stops the source of one assignment, whether its stage has started yet or not.</summary>
internal sealed class PartitionControl(NodeConsumer consumer, PartitionAssignment assignment) : IPartitionControl
{
    public Task IsShutdown => assignment.Ended;

    public PartitionState State => new(
        assignment.Epoch, assignment.Position, assignment.Committed, assignment.BufferedBytes, assignment.BufferedRecords,
        assignment.Prefix.Open, assignment.IsPaused, assignment.Failure?.Message ?? assignment.Trouble);

    public Task Stop()
    {
        consumer.Ask(assignment, AssignmentPhase.Stopped);
        assignment.Takers.Now();
        return assignment.Stopped;
    }

    public Task Shutdown()
    {
        consumer.Ask(assignment, AssignmentPhase.Ended);
        assignment.Takers.Now();
        return assignment.Ended;
    }

    public async Task<T> DrainAndShutdown<T>(Task<T> streamCompletion)
    {
        ArgumentNullException.ThrowIfNull(streamCompletion);
        try
        {
            // The deadline begins now: the source's own end is part of the drain. What follows is not for the caller's context, which
            // may be an actor's.
            _ = Stop();
            return await streamCompletion.WaitAsync(consumer.Settings.DrainTimeout, consumer.Time).ConfigureAwait(false);
        }
        catch (TimeoutException e) when (!streamCompletion.IsCompleted)
        {
            consumer.Metrics.DrainTimeouts.Add(1);
            throw new TimeoutException($"{assignment.Partition} was not drained within {consumer.Settings.DrainTimeout}: {assignment.Prefix.Open} batches from {assignment.Prefix.End} on were under way; the next owner reads them again", e);
        }
        finally
        {
            await Shutdown().ConfigureAwait(false);
        }
    }
}
