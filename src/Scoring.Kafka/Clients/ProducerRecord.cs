using Confluent.Kafka;

namespace Scoring.Kafka.Clients;

/// <summary>A record to produce.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Key">The key, by whose murmur2 the partition is chosen; null for any partition.</param>
/// <param name="Value">The value.</param>
/// <param name="Headers">The headers; null for none.</param>
/// <param name="Partition">The partition; null chooses it by the key.</param>
public readonly record struct ProducerRecord(string Topic, byte[]? Key, byte[]? Value, Headers? Headers = null, int? Partition = null);
