using System.Globalization;
using Scoring.Models.Durations;
using Scoring.Models.Features.Language;
using Scoring.Models.Features.State;

namespace Scoring.Models.Features.Plan;

/// <summary>Tells a person what a feature set's plan keeps and shares.</summary>
internal sealed class PlanText(FeatureSet set, FeaturePlan plan, TextWriter writer)
{
    private static readonly int[] ShownEvents = [10, 50, 1000];

    public void Write()
    {
        Line($"feature set {set.Name}, version {set.Version}: {plan.FeatureCount} features");
        Line($"fingerprint {set.Fingerprint}");
        Line($"time zone {set.TimeZone.Id}, lateness {DurationText.FormatMicros(set.LatenessMicros)}");
        foreach (var entity in plan.Entities)
            WriteEntity(entity);
        if (set.Parsed.Sessions is { } sessions)
        {
            Line($"");
            Line($"sessions of {sessions.Entity.Name}: closed by a gap of {DurationText.FormatMicros(sessions.GapMicros)}");
        }

        Line($"");
        Line($"features, in the order of the vector");
        var width = set.FeatureNames.Max(n => n.Length);
        for (var i = 0; i < plan.FeatureCount; i++)
            Line($"  {i,3}  {set.FeatureNames[i].PadRight(width)}  {Describe(set.Parsed.Features[i])}");
    }

    private void WriteEntity(EntityPlan entity)
    {
        Line($"");
        var key = entity.IsCard ? "userId and cardId" : FieldNames.Name(entity.Key);
        Line($"entity {entity.Name}: key {key}, holds events for {DurationText.FormatMicros(entity.HoldMicros - set.LatenessMicros)} and the lateness, at most {entity.MaxEvents}");
        if (!entity.IsLocal)
            Line($"  not keyed like the input log: a live shard leaves its features missing, a replay computes them");
        if (entity.IsCard)
            Line($"  its events' ids also answer whether a transaction was seen before, and 8 more bytes of each event of the last {DurationText.FormatMicros(entity.BodyHoldMicros)} whether as the same one");
        Line($"  {8 * entity.SlotCount} bytes of aggregates, {entity.EventBytes(false)} bytes an event ({entity.EventBytes(true)} once an amount is above 214,748.36)");
        var sizes = ShownEvents.Where(n => n <= entity.MaxEvents).Select(n => string.Create(CultureInfo.InvariantCulture, $"{Measure(entity, n)} with {n}"));
        Line($"  bytes an entity, objects and key included, few different values: {string.Join(", ", sizes)} events");
        foreach (var span in entity.Spans)
        {
            Line($"  window {Describe(span.Window)}");
            foreach (var cell in span.Cells)
            {
                var features = entity.ReadsBefore.Concat(entity.ReadsAfter).Where(r => r.Cell == cell).OrderBy(r => r.Target).Select(r => r.Feature);
                Line($"    {(cell.Filter is null ? "all events" : "events where " + FilterText(cell.Filter))}: {string.Join(", ", features)}");
            }
        }
    }

    private static int Measure(EntityPlan plan, int events)
    {
        var entity = new Entity(plan, new byte[20], 0);
        var view = default(EntityView);
        for (var i = 0; i < events; i++)
        {
            entity.Reserve(plan, 0);
            entity.ReserveBody(plan);
            view = new EntityView(plan, entity);
            view.Insert(entity.End, new EventFacts { Time = i, Fields = new ulong[64] });
        }

        return entity.Bytes;
    }

    private static string FilterText(Filter filter) => string.Join(" and ", filter.Conditions.Select(c => c.Field is { } field
        ? $"{FieldNames.Name(field)} is {string.Join(" or ", c.Values.Select(System.Text.Encoding.UTF8.GetString))}"
        : string.Create(CultureInfo.InvariantCulture, $"amount {c.Comparison} {Wire.Money.ToDouble(c.Units)}")));

    private static string Describe(Window window) => window.Kind switch
    {
        WindowKind.Session => $"session with gap {DurationText.FormatMicros(window.LengthMicros)}",
        WindowKind.Tumbling => $"tumbling {DurationText.FormatMicros(window.LengthMicros)}{Offset(window)}",
        _ => $"sliding {DurationText.FormatMicros(window.LengthMicros)}{Offset(window)}",
    };

    private static string Offset(Window window) => window.OffsetMicros == 0 ? "" : $", offset {DurationText.FormatMicros(window.OffsetMicros)}";

    private string Describe(FeatureDefinition feature) => feature switch
    {
        EventFeature { Field: null } => "the event's amount",
        EventFeature f => $"1 if {FieldNames.Name(f.Field.Value)} is {string.Join(" or ", f.Is)}{Empty(f.Empty)}",
        CalendarFeature f => $"calendar: {f.Flag.ToString().ToLowerInvariant()}",
        AggregateFeature f => $"{f.Entity.Name}: {AggregateReader.NameOf(f.Aggregate)}{(f.Of is { } of ? " of " + FieldNames.Name(of) : "")} over {Describe(f.Window)}{(f.Where is null ? "" : " where " + FilterText(f.Where))}{(f.IncludesThis ? "" : ", this event left out")}{Empty(f.Empty)}",
        ArithmeticFeature f => $"{f.Operation.ToString().ToLowerInvariant()} of {string.Join(", ", f.Operands.Select(o => set.FeatureNames[o]))}{Empty(f.Empty)}",
        _ => "",
    };

    private static string Empty(double? value) => value is null ? "" : string.Create(CultureInfo.InvariantCulture, $", {value} where empty");

    private void Line(FormattableString text) => writer.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
