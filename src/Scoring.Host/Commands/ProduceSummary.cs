using Scoring.Producer.Collect;
using Spectre.Console;

namespace Scoring.Host.Commands;

/// <summary>Says what a run did, for people.</summary>
internal sealed class ProduceSummary(IAnsiConsole console)
{
    private const int BarLength = 40;

    private static readonly long[] Steps = [250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, LatencyHistogram.MaxMicros];

    public void Write(RunReport report, Uri? http, IReadOnlyList<string> notes)
    {
        WriteCounts(report);
        WriteLatency(report.Latency);
        WriteExamples(report.Declined, http);
        foreach (var note in notes)
            console.MarkupLineInterpolated($"[yellow]Note:[/] {note}.");
        foreach (var problem in report.Problems)
            console.MarkupLineInterpolated($"[red]Problem:[/] {problem}.");
        WriteVerdict(report);
    }

    private void WriteCounts(RunReport report)
    {
        var c = report.Counts;
        var table = new Table().Border(TableBorder.Simple).Title("What happened");
        table.AddColumns(new TableColumn("records"), new TableColumn("").RightAligned(), new TableColumn(""));
        Row("sent", c.Sent, $"in {report.Sending.TotalSeconds:F1} s, {c.Sent / Math.Max(0.001, report.Sending.TotalSeconds):N0} a second");
        Row("  valid transactions", c.Valid, "distinct ids");
        Row("  malformed", c.Malformed, "");
        Row("  sent twice on purpose", c.DuplicatesSent, "");
        Row("scored", c.Scored, $"{c.Late:N0} of them late");
        Row("  approved", c.Approve, Share(c.Approve, c.Scored));
        Row("  for review", c.Review, Share(c.Review, c.Scored));
        Row("  declined", c.Decline, Share(c.Decline, c.Scored));
        Row("dead letters", c.DeadLettered, "");
        Row("missing scores", c.Missing, "");
        Row("second scores", c.Duplicates, "");
        Row("unexpected", c.Unexpected, "");
        if (c.Fraud > 0)
            Row("fraud in truth", c.Fraud, $"{c.FraudStopped:N0} of it reviewed or declined");
        if (c.Undelivered > 0)
            Row("not stored by the log", c.Undelivered, "");
        if (report.MostBytesAhead > 0)
            Row("KiB ahead of the commits", report.MostBytesAhead / 1024, "at most, of a partition");
        console.Write(table);

        void Row(string name, long count, string note) => table.AddRow(new Text(name), new Text($"{count:N0}"), new Text(note));
    }

    private void WriteLatency(LatencyHistogram latency)
    {
        if (latency.Count == 0)
            return;
        var table = new Table().Border(TableBorder.Simple).Title("Latency from the intended send time to the score");
        foreach (var name in new[] { "p50", "p90", "p99", "p99.9", "max" })
            table.AddColumn(new TableColumn(name).RightAligned());
        table.AddRow(new[] { 50, 90, 99, 99.9, 100 }.Select(p => $"{latency.Percentile(p) / 1_000.0:F2} ms").ToArray());
        console.Write(table);
        WriteDistribution(latency);
    }

    private void WriteDistribution(LatencyHistogram latency)
    {
        long below = 0;
        foreach (var step in Steps)
        {
            var upTo = latency.CountUpTo(step);
            if (upTo > below)
            {
                var share = (double)(upTo - below) / latency.Count;
                var bar = new string('#', Math.Max(1, (int)Math.Round(share * BarLength)));
                console.WriteLine($"  up to {Label(step),8}  {bar,-BarLength}  {upTo - below,9:N0}  {share,7:P2}");
            }

            below = upTo;
        }

        console.WriteLine();
    }

    private void WriteExamples(IReadOnlyList<DeclinedExample> declined, Uri? http)
    {
        if (declined.Count == 0)
            return;
        var table = new Table().Border(TableBorder.Simple).Title("Declined, for example");
        table.AddColumns("transaction", "card", "score", "reasons");
        foreach (var example in declined)
            table.AddRow(new Text(example.TransactionId), new Text(example.CardId), new Text($"{example.Score:F3}"), new Text(string.Join(", ", example.Reasons)));
        console.Write(table);
        if (http is null)
            return;
        console.WriteLine("Ask for one while the service is up:");
        console.WriteLine($"  curl {new Uri(http, $"/v1/scores/{declined[0].TransactionId}")}");
        console.WriteLine();
    }

    private void WriteVerdict(RunReport report)
    {
        if (report.Counts.Valid == 0)
            console.MarkupLine("[red]No valid transaction was sent, so nothing was scored.[/]");
        else if (report.Succeeded)
            console.MarkupLine("[green]Every valid transaction was scored exactly once and every malformed record is a dead letter.[/]");
        else
            console.MarkupLine("[red]Not everything is accounted for: see missing, second, unexpected and dead letters above.[/]");
    }

    private static string Share(long part, long whole) => whole == 0 ? "" : $"{(double)part / whole:P2}";

    private static string Label(long micros) => micros == LatencyHistogram.MaxMicros ? "longer" : micros < 1_000_000 ? $"{micros / 1_000.0:0.##} ms" : $"{micros / 1_000_000.0:0.##} s";
}
