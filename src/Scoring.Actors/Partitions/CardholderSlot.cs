using Akka.Actor;

namespace Scoring.Actors.Partitions;

/// <summary>When a session of a cardholder may end, as far as its owner knows.</summary>
/// <param name="DueMicros">The time, in microseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="Offset">The record that the owner knows it by.</param>
internal readonly record struct PendingDue(long DueMicros, long Offset);

/// <summary>What an owner knows of one cardholder. Without an actor it stands for one with open sessions that is not in memory.</summary>
/// <param name="key">Its key.</param>
/// <param name="hash">The key's hash.</param>
internal class CardholderSlot(byte[] key, ulong hash)
{
    internal byte[] Key => key;

    internal ulong Hash => hash;

    /// <summary>The actor; null if it is not in memory.</summary>
    internal IActorRef? Actor { get; set; }

    /// <summary>Whether it came to memory for a question alone, and leaves once that is answered.</summary>
    internal bool IsVisitor { get; set; }

    /// <summary>Rows and other questions that it has not answered.</summary>
    internal int Outstanding { get; set; }

    /// <summary>Whether it got a record since it was last written down.</summary>
    internal bool IsChanged { get; set; }

    /// <summary>Whether the checkpoint under way wants it written down and it has not been told yet.</summary>
    internal bool AwaitsBarrier { get; set; }

    /// <summary>Whether the checkpoint under way has something of it that is not durable yet.</summary>
    internal bool IsFrozen { get; set; }

    /// <summary>The number of its last durable row; -1 if this owner has written none.</summary>
    internal long StoredNumber { get; set; } = -1;

    /// <summary>Bytes of it in memory.</summary>
    internal long Bytes { get; set; }

    /// <summary>Events that it holds.</summary>
    internal int Events { get; set; }

    /// <summary>The time of its newest event, in microseconds since 1970-01-01T00:00:00Z; <see cref="long.MinValue"/> while that is not known.</summary>
    internal long NewestMicros { get; set; } = long.MinValue;

    /// <summary>When its sessions may end; null or empty if none is open.</summary>
    internal List<PendingDue>? Dues { get; set; }

    /// <summary>The time under which it waits in the queue of dues; <see cref="long.MaxValue"/> if it does not.</summary>
    internal long QueuedDue { get; set; } = long.MaxValue;

    internal bool HasDues => Dues is { Count: > 0 };

    /// <summary>Whether it may leave memory: what it knows is durable, and nobody waits for it.</summary>
    internal bool IsIdle => Actor is not null && Outstanding == 0 && !IsChanged && !AwaitsBarrier && !IsFrozen;

    // Neighbours in the order of use, of those in memory.
    internal CardholderSlot? Newer { get; set; }

    internal CardholderSlot? Older { get; set; }
}
