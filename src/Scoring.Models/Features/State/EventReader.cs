using Scoring.Models.Features.Language;
using Scoring.Models.Features.Plan;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.State;

/// <summary>What comes from the transaction alone, and arithmetic over the finished vector.</summary>
internal sealed class EventReader(FeaturePlan plan, TimeZoneInfo zone)
{
    private readonly Calendar calendar = new(zone);

    /// <summary>Hashes the fields that entities count and evaluates every filter, once for all entities.</summary>
    public void Read(in Transaction transaction, ref EventFacts facts)
    {
        for (var i = 0; i < plan.Fields.Length; i++)
        {
            var text = Text(transaction, plan.Fields[i]);
            facts.Fields[i] = text.IsEmpty ? 0 : Hash64.Of(text);
        }

        facts.Flags = 0;
        for (var i = 0; i < plan.Filters.Length; i++)
        {
            if (Passes(plan.Filters[i], transaction))
                facts.Flags |= 1u << (i + 1);
        }
    }

    /// <summary>Fills the event's, the calendar's and, from what is there by then, the arithmetic features.</summary>
    public void Compute(in Transaction transaction, in EventFacts facts, Span<double> features)
    {
        foreach (var (target, feature, values) in plan.Events)
            features[target] = EventValue(transaction, feature, values);
        if (plan.Calendars.Length > 0)
        {
            var local = calendar.Local(facts.Time);
            foreach (var (target, feature) in plan.Calendars)
                features[target] = Calendar.Flag(feature, local);
        }

        foreach (var (target, feature) in plan.Arithmetics)
            features[target] = Arithmetic(feature, features);
    }

    private static ReadOnlySpan<byte> Text(in Transaction transaction, TransactionField field) =>
        field == TransactionField.UserId ? transaction.UserId : transaction.Field(field);

    private static double EventValue(in Transaction transaction, EventFeature feature, byte[][] values)
    {
        if (feature.Field is not { } field)
            return Money.ToDouble(transaction.AmountUnits);
        var text = Text(transaction, field);
        if (text.IsEmpty)
            return feature.Empty ?? double.NaN;
        foreach (var value in values)
        {
            if (text.SequenceEqual(value))
                return 1;
        }

        return 0;
    }

    private static bool Passes(Filter filter, in Transaction transaction)
    {
        foreach (var condition in filter.Conditions)
        {
            if (!Holds(condition, transaction))
                return false;
        }

        return true;
    }

    private static bool Holds(Condition condition, in Transaction transaction)
    {
        if (condition.Field is not { } field)
        {
            return condition.Comparison switch
            {
                "lt" => transaction.AmountUnits < condition.Units,
                "le" => transaction.AmountUnits <= condition.Units,
                "gt" => transaction.AmountUnits > condition.Units,
                _ => transaction.AmountUnits >= condition.Units,
            };
        }

        var text = Text(transaction, field);
        foreach (var value in condition.Values)
        {
            if (text.SequenceEqual(value))
                return true;
        }

        return false;
    }

    /// <summary>A division by 0, or by or of something missing, has no value: the declared one, or missing.</summary>
    private static double Arithmetic(ArithmeticFeature feature, ReadOnlySpan<double> features)
    {
        var first = features[feature.Operands[0]];
        var second = features[feature.Operands[1]];
        var value = feature.Operation switch
        {
            ArithmeticOperation.Ratio => first / second,
            ArithmeticOperation.Difference => first - second,
            _ => (first - second) / features[feature.Operands[2]],
        };
        // Models read float32: beyond that is as good as no number.
        return float.IsFinite((float)value) ? value : feature.Empty ?? double.NaN;
    }
}
