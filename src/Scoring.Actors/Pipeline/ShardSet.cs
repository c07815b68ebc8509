using System.Collections.Concurrent;
using Scoring.Actors.Source;

namespace Scoring.Actors.Pipeline;

/// <summary>The shards of this node. The source opens and closes them; any thread may list them.</summary>
/// <param name="context">What they work with.</param>
public sealed class ShardSet(ShardContext context) : IShardSet
{
    private readonly ConcurrentDictionary<int, ShardActor> shards = new();

    /// <summary>The shards that are open.</summary>
    public IEnumerable<ShardActor> Shards => shards.Values;

    /// <inheritdoc/>
    public IShard Open(int partition)
    {
        var shard = new ShardActor(partition, context);
        shards[partition] = shard;
        return shard;
    }

    /// <inheritdoc/>
    public void Closed(int partition) => shards.TryRemove(partition, out _);
}
