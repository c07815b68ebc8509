namespace Scoring.Actors.Partitions;

/// <summary>What a shard does.</summary>
public enum ShardPhase
{
    /// <summary>It takes the shard over and replays the log from its checkpoint on.</summary>
    Recovering,

    /// <summary>It scores.</summary>
    Live,

    /// <summary>It finishes what it has begun.</summary>
    Stopping,

    /// <summary>It is over.</summary>
    Stopped,

    /// <summary>It can't go on and says why.</summary>
    Down,
}

/// <summary>How far a shard has come. The shard writes it, any thread reads it; each value is true by itself.</summary>
public sealed class ShardProgress
{
    private const long None = -1;

    private int waiting;
    private int phase;
    private string? down;
    private long epoch = None;
    private long checkpointOffset = None;
    private long checkpointAt = None;
    private long entities;
    private long entityBytes;
    private long committable = None;
    private long scoredRecords;
    private long eventsDropped;
    private long lastRecordAt;
    private long watermarkMicros = long.MinValue;
    private long events;
    private long end = None;

    /// <summary>Records in the mailbox.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>The offset behind the last record of which everything it caused is in the log; null before the first.</summary>
    public long? CommittableOffset => Volatile.Read(ref committable) is var offset && offset == None ? null : offset;

    /// <summary>Records that the shard has finished since it started.</summary>
    public long FinishedRecords => Volatile.Read(ref scoredRecords);

    /// <summary>The watermark in microseconds since 1970; null before the first event.</summary>
    public long? WatermarkMicros => Volatile.Read(ref watermarkMicros) is var micros && micros == long.MinValue ? null : micros;

    /// <summary>When the shard last took a record, in the time provider's timestamp units; null before the first.</summary>
    public long? LastRecordAt => Volatile.Read(ref watermarkMicros) == long.MinValue ? null : Volatile.Read(ref lastRecordAt);

    /// <summary>Events that left because their entity held as many as it may.</summary>
    public long EventsDropped => Volatile.Read(ref eventsDropped);

    /// <summary>What the shard does.</summary>
    public ShardPhase Phase => (ShardPhase)Volatile.Read(ref phase);

    /// <summary>Why the shard is down, as a code; null while it is not.</summary>
    public string? Down => Volatile.Read(ref down);

    /// <summary>The epoch under which this node took the shard over; null before it did.</summary>
    public long? Epoch => Volatile.Read(ref epoch) is var value && value == None ? null : value;

    /// <summary>The offset of the last durable checkpoint; null before the first.</summary>
    public long? CheckpointOffset => Volatile.Read(ref checkpointOffset) is var offset && offset == None ? null : offset;

    /// <summary>When this node stored the shard's last checkpoint, in the time provider's timestamp units; null before the first.</summary>
    public long? CheckpointAt => Volatile.Read(ref checkpointAt) is var at && at == None ? null : at;

    /// <summary>Entities in memory.</summary>
    public long Entities => Volatile.Read(ref entities);

    /// <summary>Bytes of the entities in memory.</summary>
    public long EntityBytes => Volatile.Read(ref entityBytes);

    /// <summary>Events of the entities in memory.</summary>
    public long Events => Volatile.Read(ref events);

    /// <summary>The offset behind the log's last record, as of when it was last asked; null before.</summary>
    public long? EndOffset => Volatile.Read(ref end) is var offset && offset == None ? null : offset;

    internal void HoldsEvents(long newEvents) => Volatile.Write(ref events, newEvents);

    internal void EndsAt(long offset) => Volatile.Write(ref end, offset);

    internal void Enter(ShardPhase next)
    {
        if (Phase is not ShardPhase.Down)
            Volatile.Write(ref phase, (int)next);
    }

    internal void GoDown(string code)
    {
        Volatile.Write(ref down, code);
        Volatile.Write(ref phase, (int)ShardPhase.Down);
    }

    internal void Acquired(long newEpoch, long? checkpoint)
    {
        Volatile.Write(ref epoch, newEpoch);
        Volatile.Write(ref checkpointOffset, checkpoint ?? None);
    }

    internal void Checkpointed(long offset, long at)
    {
        Volatile.Write(ref checkpointOffset, offset);
        Volatile.Write(ref checkpointAt, at);
    }

    internal void Holds(long newEntities, long newEntityBytes)
    {
        Volatile.Write(ref entities, newEntities);
        Volatile.Write(ref entityBytes, newEntityBytes);
    }

    internal void AddWaiting(int records) => Interlocked.Add(ref waiting, records);

    internal void Finished(long nextOffset, int records)
    {
        Volatile.Write(ref committable, nextOffset);
        Volatile.Write(ref scoredRecords, scoredRecords + records);
    }

    internal void MovedTo(long newWatermarkMicros, long takenAt, long dropped)
    {
        Volatile.Write(ref eventsDropped, dropped);
        Volatile.Write(ref lastRecordAt, takenAt);
        Volatile.Write(ref watermarkMicros, newWatermarkMicros);
    }
}
