using Confluent.Kafka;
using Scoring.Actors.Log;
using Scoring.Actors.Source;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>Hands the broker's records to the service's own reader of records, as the Kafka client would.</summary>
internal static class RecordConversion
{
    internal static InputRecord ToInput(LogRecord record, VirtualProcess process)
    {
        var message = new Message<byte[], byte[]>
        {
            Key = record.Key!,
            Value = record.Value!,
            Timestamp = new Timestamp(record.TimestampMillis, TimestampType.CreateTime),
            Headers = [],
        };
        foreach (var header in record.Headers)
            message.Headers.Add(header.Name, header.Value);
        return new RecordReader(process.Time).Read(new ConsumeResult<byte[], byte[]> { Message = message, Offset = record.Offset });
    }
}
