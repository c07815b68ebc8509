using Scoring.Actors.Entities;
using Scoring.Actors.Log;

namespace Scoring.Actors.Pipeline;

/// <summary>What a shard is told, and what it does about it at once.</summary>
public sealed partial class ShardActor
{
    private void Handle(in Message message)
    {
        switch (message.Kind)
        {
            case MessageKind.Record:
                TakeRecord(message.Record);
                break;
            case MessageKind.Loaded:
                ((Batch)message.Subject!).Loaded = message.Loaded;
                break;
            case MessageKind.Scored:
                ((Batch)message.Subject!).IsScored = true;
                break;
            case MessageKind.Settled:
                ((Emission)message.Subject!).IsAcknowledged = true;
                break;
            case MessageKind.Committed:
                checkpoints.Committed(message.Offset);
                break;
            case MessageKind.CheckpointStored:
                CheckpointStored((StoreOutcome)message.Subject!);
                break;
            case MessageKind.Failed:
                throw new ShardException($"partition {Partition}: {((Exception)message.Subject!).Message}", (Exception)message.Subject);
            case MessageKind.Query:
                Answer((ShardQuery)message.Subject!);
                break;
            case MessageKind.QueryLoaded:
                AnswerFrom(message.Loaded!, (ShardQuery)message.Subject!);
                break;
            case MessageKind.Stop:
                Stop();
                break;
            case MessageKind.Finish:
                finishing = true;
                break;
            case MessageKind.Nudge:
                Volatile.Write(ref isNudged, false);
                break;
        }
    }

    private void Stop()
    {
        stopping = true;
        // A shard that was not live yet has part of its state, and does not become one that answers questions.
        if (progress.Phase == ShardPhase.Live)
            progress.Enter(ShardPhase.Stopping);
        progress.AddWaiting(-(waiting.Count + takenBack.Count));
        waiting.Clear();
        takenBack.Clear();
        // It was not applied, so it is as if it had not begun.
        loading = null;
    }

    private void TakeRecord(in InputRecord record)
    {
        // After a quick loss and return of the partition the client may still hand out what it had fetched before.
        if (stopping || record.Offset < nextExpectedOffset)
        {
            progress.AddWaiting(-1);
            context.Metrics.Stale.Add(1);
            return;
        }

        nextExpectedOffset = record.Offset + 1;
        waiting.Enqueue(record);
    }

    private enum MessageKind
    {
        Record,
        Loaded,
        Scored,
        Settled,
        Committed,
        CheckpointStored,
        Failed,
        Query,
        QueryLoaded,
        Stop,
        Finish,
        Nudge,
    }

    private enum StoreOutcome
    {
        Written,
        Fenced,
    }

    private readonly record struct Message(MessageKind Kind, object? Subject, InputRecord Record)
    {
        internal long Offset { get; init; }

        internal LoadedEntities? Loaded { get; init; }
    }
}
