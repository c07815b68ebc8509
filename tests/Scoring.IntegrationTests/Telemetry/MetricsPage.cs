using System.Text.RegularExpressions;

namespace Scoring.IntegrationTests.Telemetry;

/// <summary>The page that a scraper gets.</summary>
internal static partial class MetricsPage
{
    private const string Own = "scoring_";

    /// <summary>
    /// What a page says of the service's own metrics without their values: type, unit and help of each, its samples' names with
    /// the names of their labels, and the buckets of its histograms.
    /// </summary>
    public static async Task<IReadOnlyList<string>> DescribeAsync(HttpClient http)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        // The classic text has no units.
        request.Headers.TryAddWithoutValidation("Accept", "application/openmetrics-text; version=1.0.0");
        using var answer = await http.SendAsync(request);
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n');
        return [.. lines.Select(Describe).OfType<string>().Distinct()];
    }

    /// <summary>The values of a label among a metric's samples.</summary>
    public static async Task<IReadOnlyList<string>> LabelsAsync(HttpClient http, string metric, string label)
    {
        var page = await http.GetStringAsync("/metrics");
        return [.. Regex.Matches(page, $"(?m)^{metric}\\{{.*?{label}=\"([^\"]*)\"").Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal)];
    }

    private static string? Describe(string line)
    {
        if (line.Split(' ') is ["#", _, var metric, ..])
            return metric.StartsWith(Own, StringComparison.Ordinal) ? line : null;
        // When a series began is told beside it.
        if (!line.StartsWith(Own, StringComparison.Ordinal) || line.Contains("_created{", StringComparison.Ordinal))
            return null;
        var sample = line[..(line.LastIndexOf('}') + 1)];
        return OtherLabel().Replace(sample, "$1");
    }

    [GeneratedRegex("((?<!\\w)(?!le=)\\w+)=\"[^\"]*\"")]
    private static partial Regex OtherLabel();
}
