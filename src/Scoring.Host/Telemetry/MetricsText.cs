using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Scoring.Host.Telemetry;

/// <summary>
/// The service's metrics in Prometheus' text format, version 0.0.4: listens to the meters by name and adds
/// up what they measure. Counting takes no lock.
/// </summary>
internal sealed class MetricsText : IDisposable
{
    // Of one instrument.
    private const int MaxSeries = 1_000;

    private static readonly double[] DefaultBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

    private readonly MeterListener listener = new();
    private readonly ConcurrentBag<Measured> measured = [];

    /// <summary>Starts to listen.</summary>
    /// <param name="factory">Whose meters: another host in the same process has a factory of its own.</param>
    /// <param name="meters">The meters' names.</param>
    internal MetricsText(IMeterFactory factory, params string[] meters)
    {
        listener.InstrumentPublished = (instrument, target) =>
        {
            if (!ReferenceEquals(instrument.Meter.Scope, factory) || !meters.Contains(instrument.Meter.Name))
                return;
            var one = new Measured(instrument);
            measured.Add(one);
            target.EnableMeasurementEvents(instrument, one);
        };
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((Measured)state!).Add(value, tags));
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((Measured)state!).Add(value, tags));
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((Measured)state!).Add(value, tags));
        listener.Start();
    }

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    /// <summary>Writes every metric as it is now.</summary>
    internal string Write()
    {
        // What is observed is told anew each time: a partition that has left the node must leave the page too.
        foreach (var one in measured)
            one.ForgetObserved();
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var group in measured.SelectMany(m => m.All).GroupBy(s => s.Name).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var first = group.First();
            text.Append(CultureInfo.InvariantCulture, $"# HELP {first.Name} {first.Help}\n# TYPE {first.Name} {first.Type}\n");
            foreach (var one in group.OrderBy(s => s.Labels, StringComparer.Ordinal))
                one.Write(text);
        }

        return text.ToString();
    }

    private static string Name(string text) => string.Create(text.Length, text, static (span, source) =>
    {
        for (var i = 0; i < span.Length; i++)
            span[i] = char.IsAsciiLetterOrDigit(source[i]) ? source[i] : '_';
    });

    private static string Label(KeyValuePair<string, object?> tag)
    {
        var value = tag.Value?.ToString() ?? "";
        var escaped = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return $"{Name(tag.Key)}=\"{escaped}\"";
    }

    /// <summary>One instrument's series. Without a tag, or with one, a measurement finds its series by one look at most.</summary>
    private sealed class Measured(Instrument instrument)
    {
        private readonly ConcurrentDictionary<object, Series> byTag = new();
        private readonly Series untagged = new(instrument, "");
        private bool hasUntagged;

        internal IEnumerable<Series> All => Volatile.Read(ref hasUntagged) ? byTag.Values.Append(untagged) : byTag.Values;

        internal void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.IsEmpty)
            {
                hasUntagged = true;
                untagged.Add(value);
                return;
            }

            // An instrument has always the same tags, so the value of a single one names the series.
            var key = tags.Length == 1 ? tags[0].Value ?? "" : Labels(tags);
            if (!byTag.TryGetValue(key, out var series))
            {
                if (byTag.Count >= MaxSeries)
                    return;
                series = byTag.GetOrAdd(key, new Series(instrument, Labels(tags)));
            }

            series.Add(value);
        }

        internal void ForgetObserved()
        {
            if (instrument.IsObservable)
                byTag.Clear();
        }

        private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var text = new StringBuilder();
            foreach (var tag in tags)
                text.Append(text.Length == 0 ? "" : ",").Append(Label(tag));
            return text.ToString();
        }
    }

    /// <summary>One line of a metric, or one histogram.</summary>
    private sealed class Series
    {
        private readonly bool adds;
        private readonly double[]? bounds;
        private readonly long[] buckets;
        private double sum;

        internal Series(Instrument instrument, string labels)
        {
            Labels = labels;
            Help = instrument.Description ?? "";
            bounds = BoundsOf(instrument);
            buckets = new long[(bounds?.Length ?? 0) + 1];
            adds = instrument.GetType().Name.StartsWith("Counter", StringComparison.Ordinal) || bounds is not null;
            Type = bounds is not null ? "histogram" : adds ? "counter" : "gauge";
            Name = MetricsText.Name(instrument.Name) + (Type == "counter" ? "_total" : instrument.Unit == "s" ? "_seconds" : "");
        }

        internal string Name { get; }

        internal string Labels { get; }

        internal string Help { get; }

        internal string Type { get; }

        internal void Add(double value)
        {
            if (!adds)
            {
                Volatile.Write(ref sum, value);
                return;
            }

            double seen, next;
            do
            {
                seen = Volatile.Read(ref sum);
                next = seen + value;
            }
            while (Interlocked.CompareExchange(ref sum, next, seen) != seen);

            if (bounds is not null)
            {
                var index = Array.BinarySearch(bounds, value);
                Interlocked.Increment(ref buckets[index < 0 ? ~index : index]);
            }
        }

        internal void Write(StringBuilder text)
        {
            if (bounds is null)
            {
                text.Append(Name).Append(Braced(Labels)).Append(CultureInfo.InvariantCulture, $" {Volatile.Read(ref sum):R}\n");
                return;
            }

            long total = 0;
            for (var i = 0; i < buckets.Length; i++)
            {
                total += Volatile.Read(ref buckets[i]);
                var bound = i < bounds.Length ? bounds[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
                text.Append(Name).Append("_bucket").Append(Braced(Join(Labels, $"le=\"{bound}\""))).Append(CultureInfo.InvariantCulture, $" {total}\n");
            }

            text.Append(Name).Append("_sum").Append(Braced(Labels)).Append(CultureInfo.InvariantCulture, $" {Volatile.Read(ref sum):R}\n");
            text.Append(Name).Append("_count").Append(Braced(Labels)).Append(CultureInfo.InvariantCulture, $" {total}\n");
        }

        private static double[]? BoundsOf(Instrument instrument) => instrument switch
        {
            Histogram<double> h => [.. h.Advice?.HistogramBucketBoundaries ?? DefaultBounds],
            Histogram<int> h => [.. h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b) ?? DefaultBounds],
            Histogram<long> h => [.. h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b) ?? DefaultBounds],
            _ => null,
        };

        private static string Join(string labels, string label) => labels.Length == 0 ? label : labels + "," + label;

        private static string Braced(string labels) => labels.Length == 0 ? "" : "{" + labels + "}";
    }
}
