using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Consumers;

/// <summary>The loop that owns the client. Everything here is its alone.</summary>
public sealed partial class NodeConsumer
{
    private readonly Dictionary<(string Topic, int Partition), PartitionAssignment> assigned = [];
    private readonly HashSet<PartitionAssignment> living = [];
    private readonly List<PartitionAssignment> unbegun = [];
    private readonly List<PartitionAssignment> paused = [];
    private IConsumerClient? client;
    private PartitionAssignment? last;
    private long turnCount;

    // What `assigned` holds, for those who only look.
    private volatile PartitionAssignment[] view = [];

    // Commands first: what is taken away hands out nothing more, what is new begins, then records.
    private TimeSpan? Turn()
    {
        Volatile.Write(ref turnCount, turnCount + 1);
        if (isStopping)
        {
            EndAll();
            return null;
        }

        TakeAsked();
        if (client is null && !TryReconnect(out var rest))
            return rest;
        if (paused.Count > 0)
            ResumeDrained();
        var timeout = settings.PollTimeout;
        for (var left = settings.PollRecords; left > 0 && askedCount == 0 && client is not null && client.Poll(timeout, out var found); left--)
        {
            Take(found);
            timeout = TimeSpan.Zero;
        }

        return TimeSpan.Zero;
    }

    private void TakeAsked()
    {
        while (askedCount > 0)
        {
            PartitionAssignment assignment;
            lock (gate)
            {
                assignment = asked.Dequeue();
                askedCount = asked.Count;
            }

            // Before it is looked at: what is asked of it from now on comes again.
            assignment.Asked();
            living.Add(assignment);
            Carry(assignment);
        }
    }

    private void Carry(PartitionAssignment assignment)
    {
        if (assignment.Phase == AssignmentPhase.New && assignment.Wished == AssignmentPhase.Assigned)
            Begin(assignment);
        if (assignment.Phase == AssignmentPhase.Assigned && assignment.Wished > AssignmentPhase.Assigned)
            LetGo(assignment);
        if (assignment is { Phase: AssignmentPhase.Assigned, GapAnswer: { IsCompleted: true } answer })
            Confirm(assignment, answer);
        if (assignment.Wished == AssignmentPhase.Ended)
            End(assignment);
        else if (assignment.Wished == AssignmentPhase.Stopped)
            assignment.Phase = AssignmentPhase.Stopped;
    }

    private void Begin(PartitionAssignment assignment)
    {
        if (client is null)
        {
            unbegun.Add(assignment);
            return;
        }

        var key = Key(assignment);
        if (assigned.TryGetValue(key, out var before))
        {
            before.Fail(new AssignmentEndedException($"{before.Partition} was assigned anew, from {assignment.Start} (epoch {assignment.Epoch}), before its assignment from {before.Start} (epoch {before.Epoch}) had ended"));
            LetGo(before);
            End(before);
        }

        if (assigned.Count >= settings.MaxPartitions)
        {
            assignment.Fail(new InvalidOperationException($"{settings.MaxPartitions} partitions are read already, as many as {nameof(settings.MaxPartitions)} allows"));
            return;
        }

        try
        {
            client.Assign(assignment.Partition, assignment.Start);
        }
        catch (KafkaCallException e)
        {
            assignment.Fail(e);
            TakeFailure(e.Failure);
            return;
        }

        assignment.Phase = AssignmentPhase.Assigned;
        assigned[key] = assignment;
        Show();
        if (assignment.IsRefreshed)
            Commits.Ask(assignment);
    }

    // The buffer goes in the same turn, whatever the client says.
    private void LetGo(PartitionAssignment assignment)
    {
        assignment.DropBuffer();
        assignment.Phase = AssignmentPhase.Stopped;
        assigned.Remove(Key(assignment));
        last = null;
        Show();
        // The client remembers a pause beyond the assignment: the next one would stand still.
        if (paused.Remove(assignment) && !Calling(c => c.Resume(assignment.Partition)))
            return;
        assignment.IsPaused = false;
        Calling(c => c.Unassign(assignment.Partition));
    }

    private void End(PartitionAssignment assignment)
    {
        if (!living.Remove(assignment))
            return;
        assignment.DropBuffer();
        assignment.End();
    }

    private void Take(in ConsumerEvent found)
    {
        switch (found.Kind)
        {
            case ConsumerEventKind.Record:
                TakeRecord(found);
                break;
            case ConsumerEventKind.End:
                Of(found)?.AppendEnd(found.Offset);
                break;
            case ConsumerEventKind.Gap:
                TakeGap(found);
                break;
            case ConsumerEventKind.PartitionFailure:
                TakeTrouble(found);
                break;
            default:
                TakeFailure(found.Failure!);
                break;
        }
    }

    private void TakeRecord(in ConsumerEvent found)
    {
        if (Of(found) is not { } assignment || !assignment.TryAppend(found.Record))
        {
            metrics.Dropped.Add(1);
            return;
        }

        if (!assignment.IsPaused && IsFull(assignment))
            Pause(assignment);
    }

    private bool IsFull(PartitionAssignment assignment) => assignment.BufferedBytes >= settings.BufferBytes || assignment.BufferedRecords >= settings.BufferRecords;

    private bool IsHalfFree(PartitionAssignment assignment) => assignment.BufferedBytes <= settings.BufferBytes / 2 && assignment.BufferedRecords <= settings.BufferRecords / 2;

    // A pause makes the client forget what it has fetched, so a partition is not paused and resumed for each batch.
    private void Pause(PartitionAssignment assignment)
    {
        if (!Calling(c => c.Pause(assignment.Partition)))
            return;
        assignment.IsPaused = true;
        paused.Add(assignment);
        metrics.Pauses.Add(1);
    }

    private void ResumeDrained()
    {
        foreach (var assignment in paused.FindAll(IsHalfFree))
        {
            if (!Calling(c => c.Resume(assignment.Partition)))
                return;
            assignment.IsPaused = false;
            paused.Remove(assignment);
        }
    }

    // Records come in runs of one partition.
    private PartitionAssignment? Of(in ConsumerEvent found)
    {
        if (last is { } its && its.Partition.Partition.Value == found.Partition && its.Partition.Topic == found.Topic)
            return its;
        return last = assigned.GetValueOrDefault((found.Topic, found.Partition));
    }

    private void Show() => view = [.. assigned.Values];

    private static (string Topic, int Partition) Key(PartitionAssignment assignment) => (assignment.Partition.Topic, assignment.Partition.Partition.Value);

    private void EndAll()
    {
        lock (gate)
        {
            isClosed = true;
            living.UnionWith(asked);
            asked.Clear();
            askedCount = 0;
        }

        foreach (var assignment in living.ToList())
        {
            if (assignment.Wished != AssignmentPhase.Ended)
                assignment.Fail(new AssignmentEndedException($"{assignment.Partition} was taken away: the node's consumer is closed"));
            End(assignment);
        }

        assigned.Clear();
        Show();
    }
}
