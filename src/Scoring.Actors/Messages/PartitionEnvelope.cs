namespace Scoring.Actors.Messages;

/// <summary>A message to a partition, wherever it lives. The partition gets the message alone, with the asker as its sender.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Message">What it gets.</param>
public sealed record PartitionEnvelope(int Partition, IRemoteMessage Message) : IRemoteMessage;
