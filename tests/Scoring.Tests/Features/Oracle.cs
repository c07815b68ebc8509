using System.Globalization;
using System.Numerics;

namespace Scoring.Tests.Features;

/// <summary>A feature as a test declares it, apart from the product's own types.</summary>
internal sealed record OracleFeature(
    string Name, string Entity, string Aggregate, string? Of, string Kind, long Length, long Offset, string? Where, Func<OracleEvent, bool> Passes, bool Includes, double? Empty)
{
    public string Yaml()
    {
        var window = Kind switch { "sliding" => $"{Length}s", "none" => null, _ => $"{{ {Kind}: {Length}s }}" };
        return $"  - {{ name: {Name}, from: {Entity}, agg: {Aggregate}"
            + (Of is null ? "" : $", of: {Of}")
            + (window is null ? "" : $", window: {window}")
            + (Offset == 0 ? "" : $", offset: {Offset}s")
            + (Where is null ? "" : $", where: {Where}")
            + (Includes || Aggregate == "time_since_last" ? "" : ", thisEvent: exclude")
            + (Empty is null ? "" : FormattableString.Invariant($", empty: {Empty}"))
            + " }";
    }
}

/// <summary>An event of a random stream. Times are whole seconds.</summary>
internal sealed class OracleEvent(string id, long time, long units, Dictionary<string, string?> texts)
{
    public string Id { get; } = id;

    public long Time { get; } = time;

    public long Units { get; } = units;

    public Dictionary<string, string?> Texts { get; } = texts;

    /// <summary>A card without a user is its own user.</summary>
    public string? Text(string field) => Texts[field] ?? (field == "userId" ? Texts["cardId"] : null);

    /// <summary>Whether both are the same transaction.</summary>
    public bool IsOf(OracleEvent other) => Id == other.Id && Text("userId") == other.Text("userId") && Text("cardId") == other.Text("cardId");

    /// <summary>Whether both say the same beside that.</summary>
    public bool HasBodyOf(OracleEvent other) =>
        Time == other.Time && Units == other.Units && Texts.Keys.Except(["userId", "cardId"]).All(field => Texts[field] == other.Texts[field]);
}

/// <summary>
/// The slow, obvious meaning of a feature set: keep every event of every entity and, for each feature of each
/// event, look at all of them. Times in seconds.
/// </summary>
internal sealed class Oracle(IReadOnlyList<OracleFeature> features, long lateness, long retain, long horizon)
{
    private static readonly Dictionary<string, string> KeyFields = new() { ["card"] = "cardId", ["user"] = "userId", ["terminal"] = "terminalId" };

    private readonly Dictionary<(string Entity, string Key), Memory> memories = [];
    private long mark = long.MinValue;
    private long previous = long.MinValue;

    private sealed class Memory
    {
        public List<OracleEvent> Events { get; } = [];

        public List<OracleEvent> Refused { get; } = [];

        public HashSet<OracleEvent> Frauds { get; } = [];

        public long Newest => Events.Count == 0 ? long.MinValue : Events.Max(e => e.Time);
    }

    public (double[] Values, bool Duplicate, bool Conflict, bool Late) Apply(OracleEvent e)
    {
        var values = Enumerable.Repeat(double.NaN, features.Count).ToArray();
        var card = Touch("card", e)!;
        var seenFrom = Math.Max(card.Newest, e.Time) - horizon;
        if (card.Events.Concat(card.Refused).FirstOrDefault(o => o.Id == e.Id && o.Time > seenFrom) is { } seen)
        {
            Advance(e);
            return (values, true, !seen.HasBodyOf(e), false);
        }

        var late = false;
        foreach (var entity in KeyFields.Keys.Where(k => k == "card" || features.Any(f => f.Entity == k)))
        {
            if (Touch(entity, e) is not { } memory)
                continue;
            var newest = Math.Max(memory.Newest, e.Time);
            var held = memory.Events.Where(o => o.Time > newest - Hold(entity)).ToList();
            for (var i = 0; i < features.Count; i++)
            {
                if (features[i].Entity == entity)
                    values[i] = Value(features[i], held, e, memory.Frauds);
            }

            if (memory.Newest != long.MinValue && e.Time < memory.Newest - lateness)
            {
                late = true;
                if (entity == "card")
                    memory.Refused.Add(e);
            }
            else
            {
                memory.Events.Add(e);
            }
        }

        Advance(e);
        return (values, false, false, late);
    }

    private void Advance(OracleEvent e)
    {
        mark = Math.Max(mark, Math.Min(e.Time, previous));
        previous = e.Time;
    }

    public void Label(OracleEvent e)
    {
        foreach (var entity in KeyFields.Keys)
        {
            if (Touch(entity, e) is not { } memory)
                continue;
            var newest = memory.Newest;
            if (memory.Events.Where(o => o.IsOf(e) && o.Time > newest - Hold(entity)).OrderBy(o => o.Time).LastOrDefault() is { } held)
                memory.Frauds.Add(held);
        }
    }

    private long Hold(string entity) => (entity == "card" ? Math.Max(retain, horizon) : retain) + lateness;

    private Memory? Touch(string entity, OracleEvent e)
    {
        var key = e.Texts[KeyFields[entity]];
        if (entity == "user")
            key ??= e.Texts["cardId"];
        if (key is null)
            return null;
        if (entity == "card")
            key = (e.Texts["userId"] ?? e.Texts["cardId"]) + "/" + key;
        if (!memories.TryGetValue((entity, key), out var memory))
            memories[(entity, key)] = memory = new Memory();
        if (mark != long.MinValue && memory.Newest != long.MinValue && mark - (2 * Hold(entity)) >= memory.Newest)
            memories[(entity, key)] = memory = new Memory();
        return memory;
    }

    private double Value(OracleFeature f, List<OracleEvent> held, OracleEvent now, HashSet<OracleEvent> frauds)
    {
        // Log order within equal times: a list in log order, sorted stably by time.
        var known = held.Where(o => o.Time <= now.Time).Append(now).OrderBy(o => o.Time).ToList();
        var window = Window(f, known, now.Time);
        if (!f.Includes || f.Aggregate == "time_since_last")
            window.Remove(now);
        window = window.Where(f.Passes).ToList();
        var empty = f.Empty ?? (f.Aggregate is "count" or "sum" or "distinct" or "frequency" ? 0 : double.NaN);
        if (window.Count == 0)
            return empty;
        var sum = window.Aggregate(BigInteger.Zero, (s, o) => s + o.Units);
        switch (f.Aggregate)
        {
            case "count": return window.Count;
            case "sum": return ToDouble(sum) / 10_000;
            case "mean": return ToDouble(sum) / (window.Count * 10_000.0);
            case "min": return window.Min(o => o.Units) / 10_000.0;
            case "max": return window.Max(o => o.Units) / 10_000.0;
            case "first": return window[0].Units / 10_000.0;
            case "last": return window[^1].Units / 10_000.0;
            case "time_since_last": return now.Time - window[^1].Time;
            case "rate": return window.Count(frauds.Contains) / (double)window.Count;
            case "distinct": return window.Select(o => o.Text(f.Of!)).Where(v => v is not null).Distinct().Count();
            case "frequency": return now.Text(f.Of!) is { } value ? window.Count(o => o.Text(f.Of!) == value) : double.NaN;
            default:
                if (window.Count < 2)
                    return empty;
                var squares = window.Aggregate(BigInteger.Zero, (s, o) => s + ((BigInteger)o.Units * o.Units));
                BigInteger n = window.Count;
                return Math.Sqrt(ToDouble((n * squares) - (sum * sum)) / ((double)n * (double)(n - 1) * 1e8));
        }
    }

    // The direct conversion cuts digits off; a text is rounded to the nearest double.
    private static double ToDouble(BigInteger value) => double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private List<OracleEvent> Window(OracleFeature f, List<OracleEvent> known, long t)
    {
        switch (f.Kind)
        {
            case "none":
                return known.Where(o => o.Time > t - retain).ToList();
            case "sliding":
                return known.Where(o => o.Time > t - f.Offset - f.Length && o.Time <= t - f.Offset).ToList();
            case "tumbling":
                var begin = (long)Math.Floor((t - f.Offset) / (double)f.Length) * f.Length;
                return known.Where(o => o.Time >= begin && o.Time <= t - f.Offset).ToList();
            default:
                var session = new List<OracleEvent>();
                var last = t;
                foreach (var o in known.AsEnumerable().Reverse())
                {
                    if (last - o.Time > f.Length || o.Time <= t - retain)
                        break;
                    session.Insert(0, o);
                    last = o.Time;
                }

                return session;
        }
    }
}
