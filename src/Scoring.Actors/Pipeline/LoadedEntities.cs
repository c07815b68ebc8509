using Scoring.Actors.State;

namespace Scoring.Actors.Pipeline;

/// <summary>What the store gave for the entities of a batch.</summary>
/// <param name="Rows">The rows that can be restored as they are.</param>
/// <param name="Repaired">Entities whose row was damaged, rebuilt from its previous version and the log.</param>
/// <param name="Incomplete">Entities whose row was damaged beyond repair.</param>
internal sealed record LoadedEntities(
    IReadOnlyList<EntityRow> Rows,
    IReadOnlyList<(EntityKey Key, byte[] State)> Repaired,
    IReadOnlyList<EntityKey> Incomplete)
{
    internal static LoadedEntities None { get; } = new([], [], []);

    internal static LoadedEntities Overtaken { get; } = None with { IsOvertaken = true };

    /// <summary>Whether the shard was another owner's by the time the store was read: nothing of it says anything to this one.</summary>
    internal bool IsOvertaken { get; init; }
}
