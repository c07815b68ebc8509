using System.Diagnostics.Metrics;
using Scoring.Actors.Telemetry;

namespace Scoring.Actors.Replies;

/// <summary>What became of the replies.</summary>
public sealed class ReplyMetrics
{
    private readonly Counter<long> sent;
    private readonly Counter<long> dropped;

    /// <summary>Makes the counters.</summary>
    /// <param name="meters">Where they belong.</param>
    public ReplyMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(ScoringMeter.Name);
        sent = meter.CreateCounterAtZero("scoring.replies.sent", "{reply}", "Replies told to the node of a waiting call");
        dropped = meter.CreateCounterAtZero("scoring.replies.dropped", "{reply}", "Replies that nobody waited for any more, by what was not there", Of("member"), Of("call"));
    }

    internal void Sent() => sent.Add(1);

    internal void NoMember() => dropped.Add(1, Of("member"));

    internal void NoCall() => dropped.Add(1, Of("call"));

    private static KeyValuePair<string, object?> Of(string missing) => new("missing", missing);
}
