using Confluent.Kafka;

namespace Scoring.Kafka.Clients;

/// <summary>A record as the client hands it out.</summary>
public readonly struct KafkaRecord
{
    // Of a mark that stands for no record: the log's end at that point.
    private const int Mark = -1;

    private readonly int bytes;

    /// <summary>Makes a record.</summary>
    /// <param name="offset">Its offset in its partition.</param>
    /// <param name="timestamp">Its timestamp, as it stands in the log: a producer may have written anything.</param>
    /// <param name="key">Its key; null for none.</param>
    /// <param name="value">Its value; null for none.</param>
    /// <param name="headers">Its headers; null for none.</param>
    public KafkaRecord(long offset, Timestamp timestamp, byte[]? key, byte[]? value, Headers? headers)
    {
        Offset = offset;
        Timestamp = timestamp;
        Key = key;
        Value = value;
        Headers = headers;
        bytes = (key?.Length ?? 0) + (value?.Length ?? 0) + BytesOf(headers);
    }

    private KafkaRecord(long end) => (Offset, bytes) = (end, Mark);

    /// <summary>Its offset in its partition.</summary>
    public long Offset { get; }

    /// <summary>Its timestamp, as it stands in the log: a producer may have written anything.</summary>
    public Timestamp Timestamp { get; }

    /// <summary>Its key; null for none.</summary>
    public byte[]? Key { get; }

    /// <summary>Its value; null for none.</summary>
    public byte[]? Value { get; }

    /// <summary>Its headers; null for none.</summary>
    public Headers? Headers { get; }

    /// <summary>Bytes of its key, value and headers.</summary>
    public int Bytes => IsEnd ? 0 : bytes;

    /// <summary>Whether this is no record: the partition ended at <see cref="Offset"/> when it was read.</summary>
    internal bool IsEnd => bytes == Mark;

    /// <summary>Makes the mark of a partition's end.</summary>
    /// <param name="offset">The offset behind its last record.</param>
    internal static KafkaRecord End(long offset) => new(offset);

    private static int BytesOf(Headers? headers)
    {
        var sum = 0;
        for (var i = 0; i < (headers?.Count ?? 0); i++)
            sum += headers![i].Key.Length + (headers[i].GetValueBytes()?.Length ?? 0);
        return sum;
    }
}
