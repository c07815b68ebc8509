using System.Text;
using Scoring.Models.Features.Language;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.Plan;

/// <summary>Turns definitions into a plan: features of the same window share its ends, of the same filter its sums.</summary>
internal sealed class PlanBuilder(ParsedFeatureSet set, long duplicateHorizonMicros)
{
    private readonly List<Filter> filters = [];
    private readonly List<TransactionField> fields = [];

    public FeaturePlan Build()
    {
        var features = set.Features.Select((feature, target) => (Target: target, Feature: feature)).ToArray();
        var aggregates = features.Where(f => f.Feature is AggregateFeature).Select(f => (f.Target, Feature: (AggregateFeature)f.Feature)).ToArray();
        foreach (var (_, feature) in aggregates)
        {
            if (feature.Where is not null && !filters.Exists(f => f.Canonical == feature.Where.Canonical))
                filters.Add(feature.Where);
        }

        var cards = aggregates.Where(a => a.Feature.Entity.Key == TransactionField.CardId);
        var entities = new List<EntityPlan> { Entity(set.Entities.FirstOrDefault(e => e.Key == TransactionField.CardId), [.. cards]) };
        foreach (var entity in set.Entities.Where(e => e.Key != TransactionField.CardId))
        {
            var own = aggregates.Where(a => a.Feature.Entity == entity).ToArray();
            if (own.Length > 0 || set.Sessions?.Entity == entity)
                entities.Add(Entity(entity, own));
        }

        return new FeaturePlan
        {
            Entities = [.. entities],
            Filters = [.. filters],
            Fields = [.. fields],
            FeatureCount = features.Length,
            Events = [.. Of<EventFeature>().Select(f => (f.Target, f.Feature, f.Feature.Is.Select(Encoding.UTF8.GetBytes).ToArray()))],
            Calendars = [.. Of<CalendarFeature>()],
            Arithmetics = [.. Of<ArithmeticFeature>()],
        };

        IEnumerable<(int Target, T Feature)> Of<T>()
            where T : FeatureDefinition => features.Where(f => f.Feature is T).Select(f => (f.Target, (T)f.Feature));
    }

    private EntityPlan Entity(EntityDefinition? declared, (int Target, AggregateFeature Feature)[] features)
    {
        var definition = declared ?? new EntityDefinition("card", TransactionField.CardId, duplicateHorizonMicros, FeatureSetParser.DefaultMaxEvents);
        var isCard = definition.Key == TransactionField.CardId;
        var retain = isCard ? Math.Max(definition.RetainMicros, duplicateHorizonMicros) : definition.RetainMicros;
        var plan = new EntityPlan
        {
            Name = definition.Name,
            Key = definition.Key,
            HoldMicros = retain + set.LatenessMicros,
            BodyHoldMicros = isCard ? duplicateHorizonMicros : 0,
            MaxEvents = definition.MaxEvents,
            HasLabels = features.Any(f => f.Feature.Aggregate == Aggregate.Rate),
            Targets = [.. features.Select(f => f.Target)],
        };
        if (plan.HasLabels || features.Any(f => f.Feature.Where is not null))
            plan.FlagBytes = filters.Count > 7 ? 4 : 1;
        var spans = new List<SpanPlan>();
        var reads = features.Select(f => (f.Feature.IncludesThis, Read: Read(plan, spans, f.Target, f.Feature))).ToArray();
        plan.Spans = [.. spans];
        if (set.Sessions is { } sessions && sessions.Entity == declared)
        {
            plan.KeepsAmounts = true;
            plan.MerchantTable = Table(plan, TransactionField.MerchantId);
        }

        plan.Layout = StateLayout.Of(plan, FieldNames.Name(plan.Key), plan.Tables.Select(t => FieldNames.Name(fields[t])), filters.Select(f => f.Canonical));
        plan.ReadsBefore = [.. reads.Where(r => !r.IncludesThis).Select(r => r.Read)];
        plan.ReadsAfter = [.. reads.Where(r => r.IncludesThis).Select(r => r.Read)];
        return plan;
    }

    private AggregateRead Read(EntityPlan plan, List<SpanPlan> spans, int target, AggregateFeature feature)
    {
        var span = spans.Find(s => s.Window == feature.Window);
        if (span is null)
            spans.Add(span = new SpanPlan(feature.Window, plan.SlotCount++));
        var cell = Array.Find(span.Cells, c => c.Filter?.Canonical == feature.Where?.Canonical);
        if (cell is null)
        {
            var mask = feature.Where is null ? 0 : 1u << (filters.FindIndex(f => f.Canonical == feature.Where.Canonical) + 1);
            cell = new CellPlan(feature.Where, mask, plan.SlotCount++);
            span.Cells = [.. span.Cells, cell];
        }

        var distinct = Prepare(plan, cell, feature);
        return new AggregateRead(target, feature.Name, feature.Aggregate, span, cell, distinct, feature.Empty ?? EmptyValue(feature.Aggregate));
    }

    private DistinctPlan Prepare(EntityPlan plan, CellPlan cell, AggregateFeature feature)
    {
        switch (feature.Aggregate)
        {
            case Aggregate.Sum or Aggregate.Mean or Aggregate.StdDev:
                plan.KeepsAmounts = true;
                if (cell.SumSlot < 0)
                    cell.SumSlot = Take(plan, 2);
                if (feature.Aggregate == Aggregate.StdDev && cell.SquareSlot < 0)
                    cell.SquareSlot = Take(plan, 2);
                break;
            case Aggregate.Min:
                plan.KeepsAmounts = true;
                cell.MinQueue = cell.MinQueue < 0 ? plan.QueueCount++ : cell.MinQueue;
                break;
            case Aggregate.Max:
                plan.KeepsAmounts = true;
                cell.MaxQueue = cell.MaxQueue < 0 ? plan.QueueCount++ : cell.MaxQueue;
                break;
            case Aggregate.First or Aggregate.Last or Aggregate.TimeSinceLast:
                plan.KeepsAmounts |= feature.Aggregate != Aggregate.TimeSinceLast;
                cell.EdgeSlot = cell.EdgeSlot < 0 ? Take(plan, 1) : cell.EdgeSlot;
                break;
            case Aggregate.Distinct or Aggregate.Frequency:
                return Distinct(plan, cell, feature.Of!.Value);
        }

        return default;
    }

    private DistinctPlan Distinct(EntityPlan plan, CellPlan cell, TransactionField field)
    {
        var table = Table(plan, field);
        foreach (var kept in cell.Distincts)
        {
            if (kept.Table == table)
                return kept;
        }

        var distinct = new DistinctPlan(table, plan.TableCounters[table]++, Take(plan, 1));
        cell.Distincts = [.. cell.Distincts, distinct];
        return distinct;
    }

    private int Table(EntityPlan plan, TransactionField field)
    {
        var index = IndexOrAdd(fields, field);
        var table = Array.IndexOf(plan.Tables, index);
        if (table >= 0)
            return table;
        plan.Tables = [.. plan.Tables, index];
        plan.TableCounters.Add(0);
        return plan.Tables.Length - 1;
    }

    private static int Take(EntityPlan plan, int slots)
    {
        var first = plan.SlotCount;
        plan.SlotCount += slots;
        return first;
    }

    private static int IndexOrAdd(List<TransactionField> list, TransactionField field)
    {
        var index = list.IndexOf(field);
        if (index >= 0)
            return index;
        list.Add(field);
        return list.Count - 1;
    }

    private static double EmptyValue(Aggregate aggregate) =>
        aggregate is Aggregate.Count or Aggregate.Sum or Aggregate.Distinct or Aggregate.Frequency ? 0 : double.NaN;
}
