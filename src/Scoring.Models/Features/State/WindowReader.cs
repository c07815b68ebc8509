using System.Globalization;
using System.Numerics;
using Scoring.Models.Features.Language;
using Scoring.Models.Features.Plan;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.State;

/// <summary>Reads features from the windows' running aggregates, with one conversion from whole numbers to a double.</summary>
internal static class WindowReader
{
    public static double Read(in EntityView view, AggregateRead read, in EventFacts facts)
    {
        var cell = read.Cell;
        var count = WindowCells.Half(view, cell.CountSlot, 0);
        if (count == 0)
            return read.Empty;
        return read.Aggregate switch
        {
            Aggregate.Count => count,
            Aggregate.Sum => (double)WindowCells.Wide(view, cell.SumSlot) / Money.UnitsPerOne,
            Aggregate.Mean => (double)WindowCells.Wide(view, cell.SumSlot) / ((double)count * Money.UnitsPerOne),
            Aggregate.StdDev => count < 2 ? read.Empty : Deviation(count, WindowCells.Wide(view, cell.SumSlot), WindowCells.Wide(view, cell.SquareSlot)),
            Aggregate.Min => Money.ToDouble(view.Amount(view.Entity.Queues![cell.MinQueue].Front)),
            Aggregate.Max => Money.ToDouble(view.Amount(view.Entity.Queues![cell.MaxQueue].Front)),
            Aggregate.First => Money.ToDouble(view.Amount(WindowCells.Half(view, cell.EdgeSlot, 0) - 1)),
            Aggregate.Last => Money.ToDouble(view.Amount(WindowCells.Half(view, cell.EdgeSlot, 1) - 1)),
            Aggregate.TimeSinceLast => (facts.Time - view.Times[WindowCells.Half(view, cell.EdgeSlot, 1) - 1]) / 1e6,
            Aggregate.Rate => (double)WindowCells.Half(view, cell.CountSlot, 1) / count,
            Aggregate.Distinct => view.Slots[read.Distinct.Slot],
            _ => Frequency(view, read.Distinct, facts),
        };
    }

    /// <summary>
    /// The sample standard deviation √((n·Σx² − (Σx)²) ÷ (n·(n − 1)·u²)), u the units of one currency unit. The difference is
    /// computed exactly, then turned into a double once.
    /// </summary>
    private static double Deviation(long count, Int128 sum, Int128 squares)
    {
        // (Σx)² ≤ n·Σx², so one check serves both products. The text's way to a double rounds correctly, the
        // direct one would cut off.
        var spread = squares <= Int128.MaxValue / count
            ? (double)((squares * count) - (sum * sum))
            : double.Parse((((BigInteger)squares * count) - ((BigInteger)sum * sum)).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return Math.Sqrt(spread / ((double)count * (count - 1) * Money.UnitsPerOne * Money.UnitsPerOne));
    }

    private static double Frequency(in EntityView view, DistinctPlan distinct, in EventFacts facts)
    {
        var hash = facts.Fields[view.Plan.Tables[distinct.Table]];
        if (hash == 0)
            return double.NaN;
        var table = view.Entity.Tables![distinct.Table];
        var code = table.Find(hash);
        return code == 0 ? 0 : table.Count(code, distinct.Counter);
    }
}
