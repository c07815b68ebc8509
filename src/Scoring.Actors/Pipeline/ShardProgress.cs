namespace Scoring.Actors.Pipeline;

/// <summary>How far a shard has come. The shard writes it, any thread reads it; each value is true by itself.</summary>
public sealed class ShardProgress
{
    private const long None = -1;

    private int waiting;
    private long committable = None;
    private long scoredRecords;
    private long eventsDropped;
    private long lastRecordAt;
    private long watermarkMicros = long.MinValue;

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
