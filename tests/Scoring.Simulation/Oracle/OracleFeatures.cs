using Scoring.Models.Wire;

namespace Scoring.Simulation.Oracle;

/// <summary>The features of <see cref="Workload.Scenario"/>'s feature set, each by its definition.</summary>
internal static class OracleFeatures
{
    private const long Minute = 60 * EventTime.MicrosPerSecond;
    private const long Hour = 60 * Minute;
    private const double Units = Money.UnitsPerOne;

    internal static double[] Of(OracleEvent e, Window card, Window user)
    {
        var amount = e.Units / Units;
        var sum = Sum(Sliding(card, e, 3 * Hour));
        return
        [
            amount,
            Sliding(card, e, Hour).Count,
            sum,
            Mean(Sliding(card, e, Hour, 30 * Minute)),
            Rate(Sliding(user, e, 2 * Hour), user),
            Sliding(user, e, Hour).Count(o => o.Channel == "ecom"),
            Sliding(card, e, 2 * Hour).Select(o => o.Merchant).Where(m => m is not null).Distinct().Count(),
            Pause(card, e),
            Run(user, 10 * Minute),
            user.Events.Where(o => o.Time >= e.Time - (e.Time % Hour)).Max(o => o.Units) / Units,
            sum == 0 ? 1 : amount / sum,
            Known([.. Sliding(card, e, 3 * Hour).Where(o => o != e)], e),
        ];
    }

    private static List<OracleEvent> Sliding(Window window, OracleEvent e, long length, long offset = 0) =>
        [.. window.Events.Where(o => o.Time > e.Time - offset - length && o.Time <= e.Time - offset)];

    private static double Sum(List<OracleEvent> events) => events.Sum(o => o.Units) / Units;

    private static double Mean(List<OracleEvent> events) => events.Count == 0 ? double.NaN : events.Sum(o => o.Units) / (events.Count * Units);

    private static double Rate(List<OracleEvent> events, Window window) =>
        events.Count == 0 ? 0 : events.Count(window.Frauds.Contains) / (double)events.Count;

    private static double Known(List<OracleEvent> others, OracleEvent e) => others.Count > 0 && e.Merchant is null ? double.NaN : others.Count(o => o.Merchant == e.Merchant);

    private static double Pause(Window window, OracleEvent e)
    {
        var before = window.Events.Where(o => o != e && o.Time > e.Time - (3 * Hour)).LastOrDefault();
        return before is null ? double.NaN : (e.Time - before.Time) / (double)EventTime.MicrosPerSecond;
    }

    // Back from the event as long as neighbours are at most the gap apart, at most as far as events are retained.
    private static int Run(Window window, long gap)
    {
        var count = 0;
        var last = window.Events[^1].Time;
        var reach = last - (3 * Hour);
        for (var i = window.Events.Count - 1; i >= 0 && last - window.Events[i].Time <= gap && window.Events[i].Time > reach; i--)
        {
            last = window.Events[i].Time;
            count++;
        }

        return count;
    }
}
