namespace Scoring.Actors.Partitions;

/// <summary>Where a bootstrap's state belongs: a partition of the input log, before one of its offsets.</summary>
/// <param name="Topic">The topic of the log.</param>
/// <param name="TopicId">The topic's id; empty where the brokers have none.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Partitions">How many the log has.</param>
/// <param name="Offset">The offset that the state is exactly before: the service goes on with this record.</param>
public sealed record BootstrapPlace(string Topic, string TopicId, int Partition, int Partitions, long Offset);
