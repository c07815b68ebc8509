namespace Scoring.Models.Features.State;

/// <summary>
/// Where the entities of a transaction are: in the tables of an engine, or in one cardholder. Implemented by structures, so
/// that each use is compiled for its own.
/// </summary>
internal interface IEntitySource
{
    /// <summary>Whether entities of the kind, by its place in the plan, are kept.</summary>
    bool Keeps(int kind);

    /// <summary>The entity, which has forgotten everything if it expired: when it is removed must not matter.</summary>
    Entity? Find(int kind, ReadOnlySpan<byte> key, ulong hash);

    /// <summary>Adds an entity whose key is not there yet.</summary>
    Entity Add(int kind, ReadOnlySpan<byte> key, ulong hash);

    /// <summary>Makes room for one more event of this amount.</summary>
    void Reserve(int kind, Entity entity, long amountUnits);

    /// <summary>Notes that the entity is about to change.</summary>
    void Changing(int kind, Entity entity);

    /// <summary>Notes that the user's sessions changed, so that the next of them may end at another time.</summary>
    void Watch(Entity user);

    /// <summary>What entities of the kind hold and let go.</summary>
    EventCounts Counts(int kind);
}
