using System.Collections.Concurrent;

namespace Scoring.Actors.Relay;

/// <summary>What keeps the relay from its work, partition by partition. The relay writes it, any thread reads it.</summary>
public sealed class RelayProgress
{
    private readonly ConcurrentDictionary<(string Topic, int Partition), string> gaps = new();
    private readonly ConcurrentDictionary<string, string> stopped = new();

    /// <summary>Why not all that should be is relayed; empty while it is.</summary>
    public IEnumerable<string> Problems => gaps.OrderBy(g => g.Key).Select(g => $"not relayed: {g.Value}");

    /// <summary>Relays nothing more of a topic.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="why">Why, in words.</param>
    public void Stop(string topic, string why) => stopped[topic] = why;

    internal string? WhyStopped(string topic) => stopped.GetValueOrDefault(topic);

    internal void Stands(string topic, int partition, string why) => gaps[(topic, partition)] = why;

    // Of several owners one after the other, each takes back what it has told itself.
    internal void Left(string topic, int partition, string why) => gaps.TryRemove(new((topic, partition), why));
}
