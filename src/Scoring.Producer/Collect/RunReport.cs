using System.Text.Json;

namespace Scoring.Producer.Collect;

/// <summary>What a run did, while it goes on.</summary>
/// <param name="Counts">What was sent and what came back.</param>
/// <param name="Latency">From the intended send time to the arrival of the score; still being written.</param>
/// <param name="Elapsed">Since the first record was due.</param>
/// <param name="Draining">Whether sending is over and only what is on its way is waited for.</param>
public sealed record RunProgress(RunCounts Counts, LatencyHistogram Latency, TimeSpan Elapsed, bool Draining);

/// <summary>What a run did, at its end.</summary>
/// <param name="Counts">What was sent and what came back.</param>
/// <param name="Latency">From the intended send time to the arrival of the score.</param>
/// <param name="Sending">How long it was sent.</param>
/// <param name="MostBytesAhead">The most bytes of a partition that were sent and not known to be committed; 0 where that is not bounded.</param>
/// <param name="Declined">A few declined transactions, the highest scores first.</param>
/// <param name="Problems">What went wrong on the way, in sentences; empty if nothing did.</param>
public sealed record RunReport(
    RunCounts Counts,
    LatencyHistogram Latency,
    TimeSpan Sending,
    long MostBytesAhead,
    IReadOnlyList<DeclinedExample> Declined,
    IReadOnlyList<string> Problems)
{
    /// <summary>Whether the run shows that nothing was lost, repeated or invented; one that scored nothing shows nothing.</summary>
    public bool Succeeded => Counts.Valid > 0 && Counts.AllAccountedFor && Counts.Undelivered == 0 && Problems.Count == 0;

    /// <summary>The report as one JSON object on one line.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("sent", Counts.Sent);
            json.WriteNumber("valid", Counts.Valid);
            json.WriteNumber("malformed", Counts.Malformed);
            json.WriteNumber("duplicatesSent", Counts.DuplicatesSent);
            json.WriteNumber("scored", Counts.Scored);
            json.WriteNumber("deadLettered", Counts.DeadLettered);
            json.WriteNumber("missing", Counts.Missing);
            json.WriteNumber("duplicates", Counts.Duplicates);
            json.WriteNumber("unexpected", Counts.Unexpected);
            json.WriteNumber("approve", Counts.Approve);
            json.WriteNumber("review", Counts.Review);
            json.WriteNumber("decline", Counts.Decline);
            json.WriteNumber("late", Counts.Late);
            json.WriteNumber("p50Ms", Latency.Percentile(50) / 1_000.0);
            json.WriteNumber("p99Ms", Latency.Percentile(99) / 1_000.0);
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
