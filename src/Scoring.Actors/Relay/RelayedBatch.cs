using System.Text;
using Scoring.Actors.Log;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>A batch of a relayed partition on its way: what it was read as, and its dead letters, which follow the copies.</summary>
/// <param name="Batch">What was read.</param>
/// <param name="Letters">The dead letters.</param>
internal sealed record RelayedBatch(PartitionBatch Batch, IReadOnlyList<ProducerRecord> Letters)
{
    /// <summary>How the logs name it.</summary>
    public override string ToString() => $"{Batch.Partition.Topic}[{Batch.Partition.Partition.Value}] from {Batch.From} to {Batch.Next}";
}

/// <summary>Records as the connector's producers take them.</summary>
internal static class ProducerRecords
{
    internal static ProducerRecord Of(in OutputRecord record)
    {
        Confluent.Kafka.Headers? headers = null;
        foreach (var header in record.Headers ?? [])
            (headers ??= []).Add(header.Name, header.Value);
        return new(record.Topic, record.Key, record.Value, headers, record.Partition);
    }

    internal static ProducerRecord WithoutValue(in ProducerRecord record, string why)
    {
        Confluent.Kafka.Headers headers = [];
        foreach (var header in record.Headers ?? [])
            headers.Add(header.Key, header.GetValueBytes());
        headers.Add(RecordHeaders.ValueOmitted, Encoding.UTF8.GetBytes(why));
        return record with { Value = null, Headers = headers };
    }
}

/// <summary>A partition has to be relayed anew from what was committed.</summary>
/// <param name="message">Why.</param>
internal sealed class RelayException(string message) : Exception(message);
