using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Producers;

/// <summary>Records to produce, with what is handed on once they are acknowledged.</summary>
/// <param name="Records">The records, in order; none hands <paramref name="PassThrough"/> on when its turn comes.</param>
/// <param name="PassThrough">What is handed on.</param>
/// <typeparam name="T">What is handed on.</typeparam>
public sealed record ProducerMessage<T>(IReadOnlyList<ProducerRecord> Records, T PassThrough);

/// <summary>A record that the log will never take; the others of its message are in the log.</summary>
/// <param name="Index">Which of its message's records.</param>
/// <param name="Failure">Why.</param>
public sealed record RefusedRecord(int Index, KafkaFailure Failure);

/// <summary>A message whose records are acknowledged, or refused.</summary>
/// <param name="PassThrough">What is handed on.</param>
/// <param name="Refused">The records that the log will never take; mostly none.</param>
/// <typeparam name="T">What is handed on.</typeparam>
public readonly record struct ProducerResult<T>(T PassThrough, IReadOnlyList<RefusedRecord> Refused);
