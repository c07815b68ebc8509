using System.Buffers;
using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>
/// Which entities of one table differ from what is durable. Freezing only swaps two lists; a frozen entity is
/// written later, or copied just before it changes, so what is written is the state at the freeze.
/// </summary>
internal sealed class EntityChanges(EntityPlan plan)
{
    private const int Removed = -1;

    private readonly List<Copy> copies = [];
    private readonly ArrayBufferWriter<byte> copied = new();
    private readonly ArrayBufferWriter<byte> scratch = new();
    private List<Entity> changed = [];
    private List<Entity> frozen = [];
    private int generation = 1;
    private int durable;
    private int nextFrozen;
    private int nextCopy;

    /// <summary>Entities that changed since the last freeze.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a frozen set is neither durable nor lost yet.</summary>
    public bool HasFrozen { get; private set; }

    /// <summary>Whether every entity of the frozen set was visited.</summary>
    public bool IsWritten => nextFrozen == frozen.Count && nextCopy == copies.Count;

    /// <summary>Whether the entity is as it was last durably written, or never changed.</summary>
    public bool IsDurable(Entity entity) => entity.Generation <= durable;

    /// <summary>Notes that the entity is about to change; whoever changes one calls this before.</summary>
    public void Mark(Entity entity)
    {
        if (entity.Generation == generation)
            return;
        CopyIfFrozen(entity);
        entity.Generation = generation;
        entity.IsWritten = false;
        changed.Add(entity);
        Count++;
    }

    /// <summary>Notes that the entity leaves memory.</summary>
    public void Forget(Entity entity)
    {
        CopyIfFrozen(entity);
        Count -= entity.Generation == generation ? 1 : 0;
        entity.Generation = Removed;
    }

    /// <summary>Freezes what changed.</summary>
    public void Freeze()
    {
        (changed, frozen) = (frozen, changed);
        Count = 0;
        nextFrozen = 0;
        generation++;
        HasFrozen = true;
    }

    /// <summary>Visits more of the frozen set.</summary>
    /// <returns>How many it visited: fewer than it might only where none is left.</returns>
    public int Write(int atMost, FrozenEntityVisitor visit)
    {
        var visited = 0;
        for (; visited < atMost && nextCopy < copies.Count; visited++)
        {
            var copy = copies[nextCopy++];
            visit(plan.Name, copy.Entity.Key, copied.WrittenSpan.Slice(copy.Offset, copy.Bytes), copy.NewestMicros, copy.IsWatched);
        }

        if (nextCopy == copies.Count)
            ForgetCopies();
        while (visited < atMost && nextFrozen < frozen.Count)
        {
            var entity = frozen[nextFrozen++];
            if (entity.Generation != generation - 1)
                continue;
            entity.IsWritten = entity.MayBeStored = true;
            scratch.ResetWrittenCount();
            EntityCodec.Write(plan, entity, scratch);
            visit(plan.Name, entity.Key, scratch.WrittenSpan, entity.Age, entity.IsWatched);
            visited++;
        }

        return visited;
    }

    /// <summary>Notes that the frozen set is durable.</summary>
    public void Settle()
    {
        durable = generation - 1;
        Thaw();
    }

    /// <summary>Notes that the frozen set was not written, or that nobody knows: its entities count as changed.</summary>
    public void Lose()
    {
        foreach (var entity in frozen)
        {
            if (entity.Generation != generation - 1)
                continue;
            entity.Generation = generation;
            entity.IsWritten = false;
            changed.Add(entity);
            Count++;
        }

        Thaw();
    }

    private void Thaw()
    {
        HasFrozen = false;
        frozen.Clear();
        nextFrozen = 0;
        ForgetCopies();
    }

    private void ForgetCopies()
    {
        copies.Clear();
        copied.ResetWrittenCount();
        nextCopy = 0;
    }

    private void CopyIfFrozen(Entity entity)
    {
        if (!HasFrozen || entity.Generation != generation - 1 || entity.IsWritten)
            return;
        var offset = copied.WrittenCount;
        EntityCodec.Write(plan, entity, copied);
        copies.Add(new Copy(entity, offset, copied.WrittenCount - offset, entity.Age, entity.IsWatched));
        entity.MayBeStored = true;
    }

    private readonly record struct Copy(Entity Entity, int Offset, int Bytes, long NewestMicros, bool IsWatched);
}
