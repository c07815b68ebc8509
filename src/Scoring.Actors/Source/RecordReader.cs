using System.Text;
using Confluent.Kafka;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Kafka.Clients;
using Scoring.Models.Wire;

namespace Scoring.Actors.Source;

/// <summary>Turns what the client hands out into input records. Owned by one thread.</summary>
internal sealed class RecordReader(TimeProvider time)
{
    private readonly TopicNames topics = new();

    internal InputRecord Read(ConsumeResult<byte[], byte[]> result) =>
        Read(result.Offset.Value, result.Message.Timestamp, result.Message.Key, result.Message.Value, result.Message.Headers);

    internal InputRecord Read(in KafkaRecord record) => Read(record.Offset, record.Timestamp, record.Key, record.Value, record.Headers);

    private InputRecord Read(long offset, Timestamp timestamp, byte[]? key, byte[]? value, Headers? headers)
    {
        var record = new InputRecord(offset, RecordTimes.Of(timestamp), key, value, RecordKind.Transaction, null, default, time.GetTimestamp());
        return headers is { Count: > 0 } ? WithHeaders(record, headers) : record;
    }

    private InputRecord WithHeaders(InputRecord record, Headers headers)
    {
        var readable = true;
        foreach (var header in headers)
        {
            record = header.Key switch
            {
                RecordHeaders.Kind => record with { Kind = KindOf(header.GetValueBytes()) },
                RecordHeaders.TraceParent => record with { TraceParent = header.GetValueBytes() },
                // What is none names nobody.
                RecordHeaders.ReplyTo => record with { ReplyTo = ReplyTo.TryParse(header.GetValueBytes(), out var replyTo) ? replyTo : default },
                RecordHeaders.RelayedFrom => record with { Origin = OriginOf(header.GetValueBytes(), ref readable) },
                _ => record,
            };
        }

        return readable ? record : record with { Kind = RecordKind.UnreadableOrigin };
    }

    private static RecordKind KindOf(byte[]? value) => (value is null ? "" : Encoding.UTF8.GetString(value)) switch
    {
        RecordKinds.Transaction => RecordKind.Transaction,
        RecordKinds.Label => RecordKind.Label,
        RecordKinds.Interaction => RecordKind.Interaction,
        RecordKinds.Tick => RecordKind.Tick,
        _ => RecordKind.Unknown,
    };

    private RecordOrigin? OriginOf(byte[]? value, ref bool readable)
    {
        readable &= RecordOrigin.TryParse(value, topics, out var origin);
        return origin;
    }
}
