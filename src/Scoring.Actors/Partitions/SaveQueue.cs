using Akka.Actor;
using Akka.Persistence;
using Scoring.Actors.Checkpoints;

namespace Scoring.Actors.Partitions;

/// <summary>
/// What an owner has the snapshot store save: a bounded part of it is under way, and what fails is saved again with the same bytes
/// until the store takes it. Owned by its owner.
/// </summary>
/// <param name="store">The snapshot store.</param>
/// <param name="owner">Who is answered.</param>
/// <param name="time">The time that rows name.</param>
internal sealed class SaveQueue(IActorRef store, IActorRef owner, TimeProvider time)
{
    private const int MaxUnderWay = 2_048;
    private const long MaxBytesUnderWay = 32L << 20;

    private readonly Queue<Save> urgent = new();
    private readonly Queue<Save> waiting = new();
    private readonly Dictionary<string, Save> underWay = [];
    private readonly Queue<Save> failed = new();
    private long bytesUnderWay;

    /// <summary>Is told why a save failed, and with null that one succeeded after that.</summary>
    internal Action<string?>? Trouble { get; set; }

    /// <summary>Has the owner told, after a pause, to try again.</summary>
    internal Action? ScheduleAgain { get; set; }

    /// <summary>Saves that are not durable yet.</summary>
    internal int Count => urgent.Count + waiting.Count + underWay.Count + failed.Count;

    /// <summary>Saves a row; one persistence id is not given twice before it is saved.</summary>
    /// <param name="id">The persistence id.</param>
    /// <param name="number">The number.</param>
    /// <param name="row">The row.</param>
    /// <param name="saved">What follows once it is durable.</param>
    /// <param name="isUrgent">Whether it comes before the rows of a checkpoint, since records wait for it.</param>
    internal void Add(string id, long number, StoredState row, Action saved, bool isUrgent = false)
    {
        (isUrgent ? urgent : waiting).Enqueue(new Save(id, number, row, saved));
        Send();
    }

    /// <summary>The store has a row.</summary>
    internal void Saved(SnapshotMetadata metadata)
    {
        // Of another owner's time, or told twice.
        if (!underWay.TryGetValue(metadata.PersistenceId, out var save) || save.Number != metadata.SequenceNr)
            return;
        underWay.Remove(save.Id);
        bytesUnderWay -= save.Row.Bytes.Length;
        Trouble?.Invoke(null);
        Send();
        save.Done();
    }

    /// <summary>The store has not taken a row, or may not have.</summary>
    internal void Failed(SnapshotMetadata metadata, Exception cause)
    {
        if (!underWay.TryGetValue(metadata.PersistenceId, out var save) || save.Number != metadata.SequenceNr)
            return;
        underWay.Remove(save.Id);
        bytesUnderWay -= save.Row.Bytes.Length;
        if (failed.Count == 0)
            ScheduleAgain?.Invoke();
        failed.Enqueue(save);
        Trouble?.Invoke(cause.Message);
    }

    /// <summary>Sends again what failed.</summary>
    internal void TryAgain()
    {
        while (failed.TryDequeue(out var save))
            Send(save);
    }

    private void Send()
    {
        while (failed.Count == 0 && urgent.TryDequeue(out var first))
            Send(first);
        // While the store is away nothing more is sent than what it has refused.
        while (failed.Count == 0 && underWay.Count < MaxUnderWay && bytesUnderWay < MaxBytesUnderWay && waiting.TryDequeue(out var save))
            Send(save);
    }

    private void Send(Save save)
    {
        underWay[save.Id] = save;
        bytesUnderWay += save.Row.Bytes.Length;
        store.Tell(new SaveSnapshot(new SnapshotMetadata(save.Id, save.Number, time.GetUtcNow().UtcDateTime), save.Row), owner);
    }

    private sealed record Save(string Id, long Number, StoredState Row, Action Done);

    /// <summary>Tells the owner to try again.</summary>
    internal sealed record Again : INoSerializationVerificationNeeded
    {
        internal static readonly Again Instance = new();
    }
}
