using Scoring.Actors.Log;

namespace Scoring.Simulation.Broker;

/// <summary>A record as the broker holds it.</summary>
/// <param name="Offset">Its offset.</param>
/// <param name="TimestampMillis">When it was made, in milliseconds since 1970.</param>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value.</param>
/// <param name="Headers">Its headers.</param>
/// <param name="Producer">The process that appended it.</param>
public sealed record LogRecord(long Offset, long TimestampMillis, byte[]? Key, byte[]? Value, IReadOnlyList<OutputHeader> Headers, string Producer)
{
    /// <summary>The transaction that it is in; null without one.</summary>
    public SimulatedTransaction? Transaction { get; init; }

    /// <summary>Whether it says what became of its transaction; no reader is handed it.</summary>
    public bool IsMarker { get; init; }

    /// <summary>Whether a reader of committed records is handed it, below <see cref="SimulatedLog.LastStable"/>.</summary>
    public bool IsCommitted => !IsMarker && Transaction is null or { State: TransactionState.Committed };

    /// <summary>The text of a header; null without it.</summary>
    /// <param name="name">The header.</param>
    public string? Header(string name)
    {
        foreach (var header in Headers)
        {
            if (header.Name == name)
                return System.Text.Encoding.UTF8.GetString(header.Value);
        }

        return null;
    }
}

/// <summary>One partition of a topic: records that are only ever added at the end and trimmed at the head.</summary>
public sealed class SimulatedLog
{
    private readonly List<LogRecord> records = [];

    // Where transactions that have no marker yet begin.
    private readonly Dictionary<SimulatedTransaction, long> unmarked = [];

    /// <summary>The oldest offset that is still held.</summary>
    public long Start { get; private set; }

    /// <summary>The offset behind the last record.</summary>
    public long End => records.Count;

    /// <summary>The offset up to which readers of committed records may read: the first record of a transaction that has no marker yet, or the end.</summary>
    public long LastStable => unmarked.Count == 0 ? End : unmarked.Values.Min();

    /// <summary>All records that were ever appended; a check may look at what consumers can't read any more.</summary>
    public IReadOnlyList<LogRecord> Everything => records;

    /// <summary>Adds a record.</summary>
    /// <param name="record">The record; its offset is replaced.</param>
    public LogRecord Append(LogRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var placed = record with { Offset = End };
        records.Add(placed);
        if (placed.Transaction is { } transaction)
            unmarked.TryAdd(transaction, placed.Offset);
        return placed;
    }

    /// <summary>Adds the marker of a transaction, which tells readers what became of it.</summary>
    /// <param name="transaction">The transaction.</param>
    public void Mark(SimulatedTransaction transaction)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        records.Add(new LogRecord(End, 0, null, null, [], "coordinator") { Transaction = transaction, IsMarker = true });
        unmarked.Remove(transaction);
    }

    /// <summary>The first offset at or after another that a reader of committed records is handed; <see cref="LastStable"/> if there is none yet.</summary>
    /// <param name="offset">Where to begin to look.</param>
    public long NextCommitted(long offset)
    {
        var end = LastStable;
        while (offset < end && !records[(int)offset].IsCommitted)
            offset++;
        return offset;
    }

    /// <summary>Forgets the records before an offset.</summary>
    /// <param name="offset">The oldest to keep.</param>
    public void Trim(long offset) => Start = Math.Clamp(offset, Start, End);
}
