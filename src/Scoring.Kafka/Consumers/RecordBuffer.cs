using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Consumers;

/// <summary>
/// What waits of one partition between the thread that polls and the stage that takes: a queue with one writer and one reader,
/// without a lock. Chunks of records are linked; the writer publishes how far a chunk is filled, the reader takes up to there
/// and lets go of what it has taken. How full it may be is the writer's to heed.
/// </summary>
internal sealed class RecordBuffer
{
    private const int ChunkRecords = 64;

    // The writer's.
    private Chunk tail;
    private long appendedBytes;
    private long appendedRecords;

    // The reader's.
    private Chunk head;
    private int taken;
    private long takenBytes;
    private long takenRecords;

    internal RecordBuffer() => head = tail = new Chunk();

    /// <summary>Bytes that wait. Any thread may ask.</summary>
    internal long Bytes => Volatile.Read(ref appendedBytes) - Volatile.Read(ref takenBytes);

    /// <summary>Records that wait. Any thread may ask.</summary>
    internal long Records => Volatile.Read(ref appendedRecords) - Volatile.Read(ref takenRecords);

    /// <summary>Called by the writer.</summary>
    /// <param name="record">A record, or the mark of the partition's end.</param>
    internal void Append(in KafkaRecord record)
    {
        if (tail.Filled == ChunkRecords)
        {
            var next = new Chunk();
            Volatile.Write(ref tail.Next, next);
            tail = next;
        }

        tail.Records[tail.Filled] = record;
        Volatile.Write(ref appendedBytes, appendedBytes + record.Bytes);
        Volatile.Write(ref appendedRecords, appendedRecords + 1);
        Volatile.Write(ref tail.Filled, tail.Filled + 1);
    }

    /// <summary>Called by the reader: takes what waits, up to a bound or a mark.</summary>
    /// <param name="maxRecords">Records at most.</param>
    /// <param name="maxBytes">Bytes at most, unless the first record has more.</param>
    /// <param name="end">The mark behind the records; null without one.</param>
    /// <param name="endOfBatch">Before which offset a batch ends that begins with a given one; null for no such bound.</param>
    /// <returns>The records; null if nothing waits.</returns>
    internal KafkaRecord[]? Take(int maxRecords, int maxBytes, out long? end, Func<long, long>? endOfBatch = null)
    {
        var count = Count(maxRecords, maxBytes, endOfBatch, out var bytes, out end);
        if (count == 0 && end is null)
            return null;
        var records = count == 0 ? [] : new KafkaRecord[count];
        Move(records);
        if (end is not null)
            Skip();
        Volatile.Write(ref takenBytes, takenBytes + bytes);
        Volatile.Write(ref takenRecords, takenRecords + count + (end is null ? 0 : 1));
        return records;
    }

    private int Count(int maxRecords, int maxBytes, Func<long, long>? endOfBatch, out long bytes, out long? end)
    {
        var (chunk, at, count) = (head, taken, 0);
        var before = long.MaxValue;
        bytes = 0;
        end = null;
        while (count <= maxRecords && (at < Volatile.Read(ref chunk.Filled) || Advance(ref chunk, ref at)))
        {
            ref readonly var record = ref chunk.Records[at++];
            if (record.IsEnd)
            {
                end = record.Offset;
                break;
            }

            if (count == 0 && endOfBatch is not null)
                before = endOfBatch(record.Offset);
            if (count == maxRecords || (count > 0 && (bytes + record.Bytes > maxBytes || record.Offset >= before)))
                break;
            bytes += record.Bytes;
            count++;
        }

        return count;
    }

    private void Move(KafkaRecord[] records)
    {
        for (var moved = 0; moved < records.Length;)
        {
            if (taken == ChunkRecords)
                Advance(ref head, ref taken);
            var some = Math.Min(records.Length - moved, ChunkRecords - taken);
            Array.Copy(head.Records, taken, records, moved, some);
            // The writer never comes back to what was taken; without this the chunk would keep it alive.
            Array.Clear(head.Records, taken, some);
            taken += some;
            moved += some;
        }
    }

    private void Skip()
    {
        if (taken == ChunkRecords)
            Advance(ref head, ref taken);
        taken++;
    }

    private static bool Advance(ref Chunk chunk, ref int at)
    {
        if (at < ChunkRecords || Volatile.Read(ref chunk.Next) is not { } next)
            return false;
        chunk = next;
        at = 0;
        return Volatile.Read(ref chunk.Filled) > 0;
    }

    private sealed class Chunk
    {
        internal readonly KafkaRecord[] Records = new KafkaRecord[ChunkRecords];
        internal int Filled;
        internal Chunk? Next;
    }
}
