using Confluent.Kafka;
using Scoring.Actors.Log;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>Makes of a record of a relayed topic its copy for the input log, or its dead letter. Owned by one thread.</summary>
/// <param name="settings">What is relayed.</param>
/// <param name="time">The node's clock.</param>
internal sealed class RelayCopier(RelaySettings settings, TimeProvider time)
{
    private readonly RelayDecoder decoder = new(settings.Limits, time);

    /// <summary>Makes the copy, whose key is the record's user, else its card, and whose header tells its origin.</summary>
    /// <param name="origin">The record's partition.</param>
    /// <param name="offset">Its offset.</param>
    /// <param name="timestamp">Its timestamp.</param>
    /// <param name="key">Its key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="headers">Its headers.</param>
    /// <param name="rejection">Why it is a dead letter; null if it is a copy.</param>
    internal OutputRecord Copy(TopicPartition origin, long offset, Timestamp timestamp, byte[]? key, byte[]? value, Headers? headers, out Rejection? rejection)
    {
        var record = new InputRecord(offset, RecordTimes.Of(timestamp), key, value, settings.KindOf(origin.Topic), TraceOf(headers), default, 0);
        rejection = decoder.Decode(record, out var user);
        return rejection is null
            ? new OutputRecord(settings.Topics.Transactions, user, value, HeadersOf(record, new RecordOrigin(origin.Topic, origin.Partition.Value, offset)))
            : OriginCopy.DeadLetter(settings.Topics.DeadLetters, origin.Topic, origin.Partition.Value, record, rejection);
    }

    private static OutputHeader[] HeadersOf(in InputRecord record, RecordOrigin origin)
    {
        List<OutputHeader> headers = [new(RecordHeaders.RelayedFrom, origin.ToHeader())];
        if (record.Kind.Header() is { } kind)
            headers.Add(new OutputHeader(RecordHeaders.Kind, kind));
        if (record.TraceParent is { } trace)
            headers.Add(new OutputHeader(RecordHeaders.TraceParent, trace));
        return [.. headers];
    }

    private static byte[]? TraceOf(Headers? headers) =>
        headers is not null && headers.TryGetLastBytes(RecordHeaders.TraceParent, out var trace) ? trace : null;
}
