using Confluent.Kafka;

namespace Scoring.Producer.Load;

/// <summary>What a record that is sent is.</summary>
public enum OutgoingKind
{
    /// <summary>A valid transaction, for the first time.</summary>
    Valid,

    /// <summary>A valid transaction once more.</summary>
    Duplicate,

    /// <summary>A malformed record.</summary>
    Malformed,

    /// <summary>A label or an interaction.</summary>
    Side,
}

/// <summary>A record on its way: it comes back with its delivery report, so that no closure is needed for each.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value.</param>
/// <param name="Partition">The partition whose bound it has taken room of; -1 for none.</param>
internal sealed record OutgoingRecord(OutgoingKind Kind, byte[]? Key, byte[]? Value, int Partition)
{
    public int Bytes => (Key?.Length ?? 0) + (Value?.Length ?? 0);
}

/// <summary>Hands the client the record's bytes.</summary>
internal sealed class OutgoingSerializer : ISerializer<OutgoingRecord>
{
    public byte[] Serialize(OutgoingRecord data, SerializationContext context) => data.Value!;
}
