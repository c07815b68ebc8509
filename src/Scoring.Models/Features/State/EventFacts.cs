namespace Scoring.Models.Features.State;

/// <summary>What entities need of a transaction, computed once for all of them.</summary>
internal struct EventFacts
{
    /// <summary>Microseconds since 1970-01-01T00:00:00Z.</summary>
    public long Time;

    public long AmountUnits;

    /// <summary>The hash of its identity: user, card and id.</summary>
    public ulong Id;

    /// <summary>The hash of its body.</summary>
    public ulong Body;

    /// <summary>Bit i + 1: it passes the set's filter i.</summary>
    public uint Flags;

    /// <summary>The hashes of the set's hashed fields, 0 for a missing one.</summary>
    public ulong[] Fields;
}
