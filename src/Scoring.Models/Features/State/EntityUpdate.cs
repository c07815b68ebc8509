namespace Scoring.Models.Features.State;

/// <summary>Applies one transaction to one entity, and reads the entity's features as of the transaction's own time.</summary>
internal static class EntityUpdate
{
    /// <summary>
    /// Applies the event. The entity must have room for it (<see cref="EntityTable.Reserve"/>), so this cannot fail half way.
    /// </summary>
    /// <returns>False if the event is older than the lateness allows and was not inserted.</returns>
    public static bool Apply(EntityTable table, Entity entity, in EventFacts facts, long latenessMicros, Span<double> features)
    {
        var view = new EntityView(table.Plan, entity);
        var newest = entity.Newest;
        var isLate = facts.Time < newest;
        var accepted = !isLate || facts.Time >= newest - latenessMicros;

        // 1. Stand at the event's own time; what is held no longer leaves.
        if (isLate)
        {
            WindowAdvance.Back(view, facts.Time);
        }
        else
        {
            WindowAdvance.Forward(view, facts.Time);
            Release(view, facts.Time - table.Plan.HoldMicros, table);
        }

        if (accepted && entity.Count >= table.Plan.MaxEvents)
            DropOldest(view, table);

        // 2. Features that leave this event out, the event, features that count it.
        foreach (var read in table.Plan.ReadsBefore)
            features[read.Target] = WindowReader.Read(view, read, facts);
        var place = view.UpperBound(facts.Time);
        view.Insert(place, facts);
        WindowAdvance.Admit(view, place);
        foreach (var read in table.Plan.ReadsAfter)
            features[read.Target] = WindowReader.Read(view, read, facts);

        // 3. Back to the entity's newest time.
        if (accepted)
        {
            table.Events++;
        }
        else
        {
            WindowAdvance.Withdraw(view, place);
            view.Delete(place);
        }

        if (isLate)
            WindowAdvance.Forward(view, newest);
        else
            entity.Newest = facts.Time;
        return accepted;
    }

    /// <summary>Sets the label of the event with the id; false if the entity holds none.</summary>
    public static bool Label(EntityTable table, Entity entity, ulong id, bool isFraud)
    {
        var plan = table.Plan;
        var view = new EntityView(plan, entity);
        var place = view.Ids[entity.Start..entity.End].LastIndexOf(id) + entity.Start;
        if (place < entity.Start)
            return false;
        var flags = view.Flags(place);
        var wasFraud = (flags & 1) != 0;
        if (wasFraud == isFraud)
            return true;
        table.Changes.Mark(entity);
        view.SetFlags(place, flags ^ 1);
        foreach (var span in plan.Spans)
        {
            if (place >= WindowCells.Half(view, span.Slot, 0) && place < WindowCells.Half(view, span.Slot, 1))
                WindowCells.Relabel(view, span, place, isFraud ? 1 : -1);
        }

        return true;
    }

    private static void Release(in EntityView view, long through, EntityTable table)
    {
        var entity = view.Entity;
        while (entity.Start < entity.End && view.Times[entity.Start] <= through)
        {
            view.ReleaseCodes(entity.Start++);
            table.Events--;
        }
    }

    private static void DropOldest(in EntityView view, EntityTable table)
    {
        view.Entity.LostThrough = Math.Max(view.Entity.LostThrough, view.Times[view.Entity.Start]);
        WindowAdvance.DropOldest(view);
        table.Events--;
        table.Dropped++;
    }
}
