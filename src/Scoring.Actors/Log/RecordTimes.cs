using Confluent.Kafka;
using Scoring.Models.Wire;

namespace Scoring.Actors.Log;

/// <summary>Takes the timestamps of Kafka's client.</summary>
internal static class RecordTimes
{
    /// <summary>A record's time; any number may stand in the timestamp.</summary>
    /// <param name="timestamp">The client's timestamp.</param>
    internal static RecordTime Of(Timestamp timestamp) => timestamp.Type == TimestampType.NotAvailable
        ? default
        : RecordTime.OfMillis(timestamp.UnixTimestampMs, timestamp.Type == TimestampType.LogAppendTime);
}
