using Akka.Actor;

namespace Scoring.Actors.Messages;

// Between a partition and its generations. Both are on one node, so none of these is ever serialised.

/// <summary>Asks the node's generations to begin another take-over of a partition; answered by <see cref="GenerationBegun"/>.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Generation">The number of the take-over, rising within the life of the asker, who is told of its course.</param>
public sealed record BeginGeneration(int Partition, long Generation) : INoSerializationVerificationNeeded;

/// <summary>A take-over has begun.</summary>
/// <param name="Generation">Its number.</param>
/// <param name="Owner">Its actor, to be watched: it may die without another word, and may go on dying long after it has given its partition back.</param>
public sealed record GenerationBegun(long Generation, IActorRef Owner) : INoSerializationVerificationNeeded;

/// <summary>
/// Asks an owner to give its partition back: it stops to read, finishes what is under way within a bound, commits, saves what is
/// frozen, and answers <see cref="GaveBack"/>. The stop message of the region's partitions too.
/// </summary>
public sealed record Drain : INoSerializationVerificationNeeded
{
    /// <summary>The message.</summary>
    public static Drain Instance { get; } = new();
}

/// <summary>What an owner tells its partition. Of each generation one of <see cref="GaveBack"/>, <see cref="Lost"/> and <see cref="WentDown"/> is the last.</summary>
/// <param name="Generation">The number of the take-over.</param>
public abstract record GenerationReport(long Generation) : INoSerializationVerificationNeeded;

/// <summary>The owner has replayed what it had to, and emits.</summary>
/// <param name="Generation">The number of the take-over.</param>
public sealed record WentLive(long Generation) : GenerationReport(Generation);

/// <summary>The owner was asked to, and reads, writes and commits nothing of the partition any more.</summary>
/// <param name="Generation">The number of the take-over.</param>
public sealed record GaveBack(long Generation) : GenerationReport(Generation);

/// <summary>Why a generation ended by itself.</summary>
public enum LossCause
{
    /// <summary>Another owner has taken the partition over.</summary>
    Fenced,

    /// <summary>The log, the store or the brokers did not let it go on.</summary>
    Unavailable,

    /// <summary>Something failed at a record; what was noted of it makes the next generation treat it with care.</summary>
    Failed,
}

/// <summary>The owner can't go on, and reads, writes and commits nothing of the partition any more: another generation may begin.</summary>
/// <param name="Generation">The number of the take-over.</param>
/// <param name="Cause">Why.</param>
/// <param name="Why">Why, for a person.</param>
public sealed record Lost(long Generation, LossCause Cause, string Why) : GenerationReport(Generation);

/// <summary>The owner can't go on, and no other could: the partition stays down until someone has changed what is wrong.</summary>
/// <param name="Generation">The number of the take-over.</param>
/// <param name="Code">What is wrong: <c>partition_count</c>, <c>state_log_gap</c>, <c>state_newer</c> or <c>topic_replaced</c>.</param>
/// <param name="Why">The same for a person.</param>
public sealed record WentDown(long Generation, string Code, string Why) : GenerationReport(Generation);

/// <summary>Tells the node's generations to stop all owners at once, and to begin none any more: their log is not what the state is made of.</summary>
/// <param name="Code">Why, as a code.</param>
/// <param name="Why">The same for a person.</param>
public sealed record Halt(string Code, string Why) : INoSerializationVerificationNeeded;
