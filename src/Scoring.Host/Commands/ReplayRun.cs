using System.Globalization;
using Scoring.Models.Features;
using Scoring.Models.Files;
using Scoring.Models.Wire;

namespace Scoring.Host.Commands;

/// <summary>
/// Plays a file through one feature engine: for each row the labels that are due, then the transaction, then
/// its line of output. Memory is constant apart from the entities and the labels not yet due.
/// </summary>
internal sealed class ReplayRun
{
    private const int ReportedErrors = 100;

    private readonly ReplaySettings settings;
    private readonly TextWriter messages;
    private readonly FeatureEngine engine;
    private readonly EventFileMap map;
    private PendingLabels labels = null!;
    private readonly double[] vector;
    private long rows;
    private long written;
    private long duplicates;
    private long conflicts;
    private long late;
    private long degraded;
    private long odd;
    private long bad;
    private (long Oldest, long Newest) span = (long.MaxValue, long.MinValue);

    private ReplayRun(ReplaySettings settings, TextWriter messages)
    {
        this.settings = settings;
        this.messages = messages;
        using var features = settings.Features.OpenText();
        using var mapText = settings.Map.OpenText();
        engine = new FeatureEngine(FeatureSet.Parse(features, settings.Features.ToString()), new FeatureEngineOptions());
        map = EventFileMap.Parse(mapText, settings.Map.ToString()).WithLabel(settings.LabelColumn, settings.LabelDelay);
        vector = new double[engine.Set.FeatureNames.Count];
    }

    /// <summary>Plays the file. The output appears only when all of it is written.</summary>
    /// <returns>The exit status: 0, or 1 if a bad row was to be fatal or no row was good.</returns>
    public static int Execute(ReplaySettings settings, TextWriter messages, CancellationToken cancellation)
    {
        var run = new ReplayRun(settings, messages);
        var partial = settings.Output.FullName + ".partial";
        var completed = false;
        try
        {
            var started = TimeProvider.System.GetTimestamp();
            using var file = new EventFile(settings.Input.ToString(), run.map, new DecodeLimits());
            using (var output = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.Read, 1))
                completed = ReplayProgress.Show(file.Length, progress => run.Play(file, output, progress, cancellation));
            if (completed)
                File.Move(partial, settings.Output.FullName, overwrite: true);
            run.Summarize(file.Reader, TimeProvider.System.GetElapsedTime(started));
            return completed ? 0 : 1;
        }
        finally
        {
            if (!completed)
                File.Delete(partial);
        }
    }

    private bool Play(EventFile file, Stream output, Action<long> progress, CancellationToken cancellation)
    {
        var reader = file.Reader;
        labels = new PendingLabels(engine.Set, map, reader);
        var writer = new FeatureRows(output);
        writer.Header(engine.Set.FeatureNames);
        while (labels.Read(out var row))
        {
            if (++rows % settings.BatchRows == 0)
            {
                writer.Flush();
                progress(file.Position);
                cancellation.ThrowIfCancellationRequested();
            }

            if (row.Error is null)
                Apply(row, writer);
            else if (!Report(row))
                return false;
        }

        writer.Flush();
        progress(file.Length);
        if (reader.WhyNoEvents is not { } why)
            return true;
        messages.WriteLine($"{settings.Input}: {why}");
        return false;
    }

    private void Apply(EventFileRow row, FeatureRows writer)
    {
        span = (Math.Min(span.Oldest, row.Transaction.EventTimeMicros), Math.Max(span.Newest, row.Transaction.EventTimeMicros));
        var knownBy = labels.KnownBy(ref row, out var oddness);
        if (oddness is not null)
            Tell(row.Line, oddness);
        while (labels.TryTake(knownBy, out var known))
            engine.ApplyLabel(known, true);
        var result = engine.Apply(row.Transaction, vector);
        if (result.Duplicate)
        {
            duplicates++;
            conflicts += result.Conflict ? 1 : 0;
            return;
        }

        late += result.Late ? 1 : 0;
        degraded += result.Degraded.Count > 0 ? 1 : 0;
        written++;
        writer.Row(row.Transaction.TransactionId, vector);
        if (row.IsFraud == true)
            labels.Add(row.Transaction);
    }

    private void Tell(long line, string oddness)
    {
        if (++odd <= ReportedErrors)
            messages.WriteLine($"{settings.Input}:{line}: {oddness}");
    }

    private bool Report(in EventFileRow row)
    {
        if (settings.FailOnError)
        {
            messages.WriteLine($"{settings.Input}:{row.Line}: {row.Error}");
            return false;
        }

        if (++bad <= ReportedErrors)
            messages.WriteLine($"{settings.Input}:{row.Line}: skipped: {row.Error}");
        if (bad == ReportedErrors)
            messages.WriteLine("further bad rows are only counted");
        return true;
    }

    private void Summarize(EventFileReader reader, TimeSpan elapsed)
    {
        var invariant = CultureInfo.InvariantCulture;
        foreach (var note in reader.Notes)
            messages.WriteLine($"note: {note}");
        messages.WriteLine(string.Create(invariant, $"{rows:N0} rows in {elapsed.TotalSeconds:N2} s ({rows / Math.Max(elapsed.TotalSeconds, 1e-9):N0} rows/s)"));
        messages.WriteLine(string.Create(invariant, $"written {written:N0}, duplicates {duplicates:N0} (with another body {conflicts:N0}), bad {reader.BadRows:N0}, left out {reader.RowsLeftOut:N0}, late {late:N0}, degraded {degraded:N0}, labels applied {engine.LabelsApplied:N0}, labels not yet due {labels.Count:N0}"));
        if (reader.Events > 0)
            messages.WriteLine($"events of {EventTime.Format(span.Oldest)} to {EventTime.Format(span.Newest)}");
        foreach (var kind in engine.Statistics())
            messages.WriteLine(string.Create(invariant, $"{kind.Name}: {kind.Entities:N0} held, {kind.Events:N0} events, {kind.Bytes / 1024.0 / 1024:N1} MiB, {kind.Expired:N0} expired, {kind.DroppedEvents:N0} events dropped"));
    }
}
