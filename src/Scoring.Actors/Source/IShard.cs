using Scoring.Actors.Log;

namespace Scoring.Actors.Source;

/// <summary>What the source needs of the shard that a partition's records go to. It may call from any thread.</summary>
public interface IShard
{
    /// <summary>Records that the shard was given and has not begun.</summary>
    int Waiting { get; }

    /// <summary>The offset up to which everything is finished; null before anything is.</summary>
    long? CommittableOffset { get; }

    /// <summary>Whether the shard has read its checkpoint and waits for <see cref="Begin"/>.</summary>
    bool AwaitsBegin { get; }

    /// <summary>Ends when the shard, asked to stop, has finished what it had begun, or is over. Never faults.</summary>
    Task Drained { get; }

    /// <summary>Ends when the shard has stopped; faulted if it can't go on.</summary>
    Task Completion { get; }

    /// <summary>Tells the shard what the group had committed after the shard's checkpoint was read.</summary>
    /// <param name="committed">The offset that the group has committed; null before the first.</param>
    /// <param name="firstStart">Where the partition is read from if the group has committed nothing.</param>
    void Begin(long? committed, long firstStart);

    /// <summary>Hands over the partition's next record.</summary>
    /// <param name="record">The record.</param>
    void Enqueue(in InputRecord record);

    /// <summary>Tells the shard that the group has acknowledged a commit.</summary>
    /// <param name="offset">The offset.</param>
    void Committed(long offset);

    /// <summary>Asks the shard to drop what waits and finish what it has begun.</summary>
    void RequestStop();

    /// <summary>Lets a shard that was asked to stop write its last checkpoint, as far as the group has committed it, and end.</summary>
    void Finish();

    /// <summary>Tells the shard that its partition is another node's by now: it appends and writes nothing more and ends.</summary>
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
