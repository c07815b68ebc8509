using System.Text.Json;
using Scoring.Producer.Collect;

namespace Scoring.Tests.Producer.Collect;

public sealed class RunReportTests
{
    [Fact]
    public void The_report_is_one_line_of_JSON_with_exactly_the_promised_fields()
    {
        var latency = new LatencyHistogram();
        latency.Record(1_500);
        latency.Record(1_500);
        latency.Record(9_000);
        var counts = new RunCounts
        {
            Sent = 14,
            Valid = 10,
            Malformed = 3,
            DuplicatesSent = 1,
            Scored = 9,
            DeadLettered = 2,
            Duplicates = 4,
            Unexpected = 5,
            Approve = 6,
            Review = 7,
            Decline = 8,
            Late = 11,
            Fraud = 12,
            FraudStopped = 13,
            Undelivered = 1,
        };

        var json = new RunReport(counts, latency, TimeSpan.FromSeconds(1), 0, [], []).ToJson();

        Assert.DoesNotContain('\n', json);
        using var document = JsonDocument.Parse(json);
        Assert.Equal(
            ["sent", "valid", "malformed", "duplicatesSent", "scored", "deadLettered", "missing", "duplicates", "unexpected", "approve", "review", "decline", "late", "p50Ms", "p99Ms"],
            document.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            [14, 10, 3, 1, 9, 2, 1, 4, 5, 6, 7, 8, 11, 1.5, 9],
            document.RootElement.EnumerateObject().Select(p => p.Value.GetDouble()));
    }

    [Fact]
    public void A_run_succeeds_only_if_all_is_accounted_for_and_nothing_went_wrong()
    {
        var good = new RunCounts { Sent = 3, Valid = 2, Malformed = 1, Scored = 2, DeadLettered = 1 };

        Assert.True(Report(good).Succeeded);
        Assert.False(Report(good with { Scored = 1 }).Succeeded);
        Assert.False(Report(good with { DeadLettered = 0 }).Succeeded);
        Assert.False(Report(good with { Duplicates = 1 }).Succeeded);
        Assert.False(Report(good with { Unexpected = 1 }).Succeeded);
        Assert.False(Report(good with { Undelivered = 1 }).Succeeded);
        Assert.False(Report(good, "nothing moved").Succeeded);
    }

    private static RunReport Report(RunCounts counts, params string[] problems) => new(counts, new LatencyHistogram(), TimeSpan.Zero, 0, [], problems);
}
