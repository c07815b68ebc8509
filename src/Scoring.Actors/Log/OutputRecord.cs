namespace Scoring.Actors.Log;

/// <summary>A header of a record.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
public readonly record struct OutputHeader(string Name, byte[] Value);

/// <summary>A record to append to an output topic.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Key">The key, by whose hash the topic's partition is chosen.</param>
/// <param name="Value">The value.</param>
/// <param name="Headers">The headers; null for none.</param>
/// <param name="Partition">The partition; null chooses it by the key.</param>
public readonly record struct OutputRecord(string Topic, byte[]? Key, byte[]? Value, OutputHeader[]? Headers, int? Partition = null);
