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

    /// <summary>The oldest offset that is still held.</summary>
    public long Start { get; private set; }

    /// <summary>The offset behind the last record.</summary>
    public long End => records.Count;

    /// <summary>All records that were ever appended; a check may look at what consumers can't read any more.</summary>
    public IReadOnlyList<LogRecord> Everything => records;

    /// <summary>Adds a record.</summary>
    /// <param name="record">The record; its offset is replaced.</param>
    public LogRecord Append(LogRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        var placed = record with { Offset = End };
        records.Add(placed);
        return placed;
    }

    /// <summary>Forgets the records before an offset.</summary>
    /// <param name="offset">The oldest to keep.</param>
    public void Trim(long offset) => Start = Math.Clamp(offset, Start, End);
}
