using Scoring.Actors.Log;

namespace Scoring.Actors.Source;

/// <summary>What the source needs of the shard that a partition's records go to.</summary>
public interface IShard
{
    /// <summary>Records that the shard was given and has not begun.</summary>
    int Waiting { get; }

    /// <summary>The offset up to which everything is finished; null before the first record.</summary>
    long? CommittableOffset { get; }

    /// <summary>Ends when the shard has stopped; faulted if it can't go on.</summary>
    Task Completion { get; }

    /// <summary>Hands over the partition's next record.</summary>
    /// <param name="record">The record.</param>
    void Enqueue(in InputRecord record);

    /// <summary>Asks the shard to drop what waits, finish what it has begun, and end.</summary>
    void RequestStop();

    /// <summary>Tells the shard that its partition is another node's by now: it appends nothing more and ends.</summary>
    void Abandon();
}

/// <summary>Makes and lists the shards of this node. Called on the source's thread.</summary>
public interface IShardSet
{
    /// <summary>The partition has come to this node.</summary>
    /// <param name="partition">The partition.</param>
    /// <returns>Its shard, started.</returns>
    IShard Open(int partition);

    /// <summary>The partition has left this node, and its shard has stopped or was given up.</summary>
    /// <param name="partition">The partition.</param>
    void Closed(int partition);
}
