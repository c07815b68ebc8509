using Scoring.Models.Features.Plan;

namespace Scoring.Models.Features.State;

/// <summary>Applies one transaction to one entity, and reads the entity's features as of the transaction's own time.</summary>
internal static class EntityUpdate
{
    /// <summary>
    /// Applies the event. The entity must have room for it (<see cref="Entity.Reserve"/>), so this cannot fail half way.
    /// </summary>
    /// <returns>False if the event is older than the lateness allows and was not inserted.</returns>
    public static bool Apply(EntityPlan plan, EventCounts counts, Entity entity, in EventFacts facts, long latenessMicros, Span<double> features)
    {
        var view = new EntityView(plan, entity);
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
            Release(view, facts.Time - plan.HoldMicros, counts);
        }

        if (accepted && entity.Count >= plan.MaxEvents)
            DropOldest(view, counts);

        // 2. Features that leave this event out, the event, features that count it.
        foreach (var read in plan.ReadsBefore)
            features[read.Target] = WindowReader.Read(view, read, facts);
        var place = view.UpperBound(facts.Time);
        view.Insert(place, facts);
        WindowAdvance.Admit(view, place);
        foreach (var read in plan.ReadsAfter)
            features[read.Target] = WindowReader.Read(view, read, facts);

        // 3. Back to the entity's newest time.
        if (accepted)
        {
            counts.Events++;
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

    /// <summary>
    /// Reads the features as of the event's time without adding it. Those that count this event count it once, whether or
    /// not the entity holds it already; one that it holds stands where it was inserted, so what came after it at the same
    /// time does not count. Afterwards the entity is as before, but for the room that it has.
    /// </summary>
    public static void Read(EntityPlan plan, Entity entity, in EventFacts facts, Span<double> features)
    {
        entity.Reserve(plan, facts.AmountUnits);
        var view = new EntityView(plan, entity);
        var held = HeldPlace(view, facts);
        if (facts.Time < entity.Newest)
            WindowAdvance.Back(view, facts.Time);
        else
            WindowAdvance.Forward(view, facts.Time);
        if (held >= 0)
            WindowAdvance.Withdraw(view, held);
        foreach (var read in plan.ReadsBefore)
            features[read.Target] = WindowReader.Read(view, read, facts);

        var place = held >= 0 ? held : view.UpperBound(facts.Time);
        if (held < 0)
            view.Insert(place, facts);
        WindowAdvance.Admit(view, place);
        foreach (var read in plan.ReadsAfter)
            features[read.Target] = WindowReader.Read(view, read, facts);
        if (held < 0)
        {
            WindowAdvance.Withdraw(view, place);
            view.Delete(place);
        }

        if (entity.Count > 0)
            WindowAdvance.Back(view, entity.Newest);
    }

    /// <summary>Reads the features as of the entity's own newest event.</summary>
    public static void ReadNewest(EntityPlan plan, Entity entity, EventFacts facts, Span<double> features)
    {
        facts.Time = entity.Newest;
        var view = new EntityView(plan, entity);
        foreach (var read in plan.ReadsBefore)
            features[read.Target] = WindowReader.Read(view, read, facts);
        foreach (var read in plan.ReadsAfter)
            features[read.Target] = WindowReader.Read(view, read, facts);
    }

    /// <summary>The place of the event whose label the id names.</summary>
    /// <returns>−1 if the entity does not hold it.</returns>
    public static int PlaceOf(EntityPlan plan, Entity entity, ulong id)
    {
        var view = new EntityView(plan, entity);
        var place = view.Ids[entity.Start..entity.End].LastIndexOf(id) + entity.Start;
        return place < entity.Start ? -1 : place;
    }

    /// <summary>Whether the event there is labelled otherwise, so that <see cref="Label"/> would change the entity.</summary>
    public static bool IsLabelledOtherwise(EntityPlan plan, Entity entity, int place, bool isFraud) =>
        ((new EntityView(plan, entity).Flags(place) & 1) != 0) != isFraud;

    /// <summary>Turns the label of an event round.</summary>
    public static void Label(EntityPlan plan, Entity entity, int place, bool isFraud)
    {
        var view = new EntityView(plan, entity);
        view.SetFlags(place, view.Flags(place) ^ 1);
        foreach (var span in plan.Spans)
        {
            if (place >= WindowCells.Half(view, span.Slot, 0) && place < WindowCells.Half(view, span.Slot, 1))
                WindowCells.Relabel(view, span, place, isFraud ? 1 : -1);
        }
    }

    private static int HeldPlace(in EntityView view, in EventFacts facts)
    {
        if (!view.Plan.KeepsIds)
            return -1;
        var place = PlaceOf(view.Plan, view.Entity, facts.Id);
        return place >= 0 && view.Times[place] == facts.Time ? place : -1;
    }

    private static void Release(in EntityView view, long through, EventCounts counts)
    {
        var entity = view.Entity;
        while (entity.Start < entity.End && view.Times[entity.Start] <= through)
        {
            view.ReleaseCodes(entity.Start++);
            counts.Events--;
        }
    }

    private static void DropOldest(in EntityView view, EventCounts counts)
    {
        view.Entity.LostThrough = Math.Max(view.Entity.LostThrough, view.Times[view.Entity.Start]);
        WindowAdvance.DropOldest(view);
        counts.Events--;
        counts.Dropped++;
    }
}
