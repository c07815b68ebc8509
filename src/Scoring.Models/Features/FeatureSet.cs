using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Scoring.Models.Features.Language;
using Scoring.Models.Features.Plan;
using Scoring.Models.Yaml;

namespace Scoring.Models.Features;

/// <summary>A kind of entity whose history features are computed from.</summary>
/// <param name="Name">Its name in the feature set.</param>
/// <param name="Key">The event field that holds its key.</param>
/// <param name="Retain">How far back its windows may reach.</param>
/// <param name="MaxEvents">The most events that one entity holds.</param>
public sealed record FeatureSetEntity(string Name, string Key, TimeSpan Retain, int MaxEvents);

/// <summary>
/// A feature set: which features a transaction gets, in which order, read from its YAML file and checked.
/// Immutable; engines of any number of shards share one.
/// </summary>
public sealed class FeatureSet
{
    private readonly ParsedFeatureSet parsed;

    private FeatureSet(ParsedFeatureSet parsed)
    {
        this.parsed = parsed;
        FeatureNames = [.. parsed.Features.Select(f => f.Name)];
        Entities = [.. parsed.Entities.Select(e => new FeatureSetEntity(e.Name, FieldNames.Name(e.Key), TimeSpan.FromMicroseconds(e.RetainMicros), e.MaxEvents))];
        Fingerprint = FingerprintOf(parsed);
    }

    /// <summary>Its name.</summary>
    public string Name => parsed.Name;

    /// <summary>Its version, 1 and up.</summary>
    public int Version => parsed.Version;

    /// <summary>
    /// "sha256:" and the hash, in hexadecimal, of all that determines values and their order: not of comments,
    /// layout, or the set's own name and version.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>The features' names, in the order of the vector.</summary>
    public IReadOnlyList<string> FeatureNames { get; }

    /// <summary>The declared entities.</summary>
    public IReadOnlyList<FeatureSetEntity> Entities { get; }

    /// <summary>How far back the windows of its entities may reach at most.</summary>
    public TimeSpan LongestRetention => Entities.Max(e => e.Retain);

    /// <summary>How far an event may lie behind its entity's newest and still be inserted.</summary>
    public TimeSpan Lateness => TimeSpan.FromMicroseconds(parsed.LatenessMicros);

    /// <summary>The zone of the calendar flags.</summary>
    public TimeZoneInfo TimeZone => parsed.TimeZone;

    /// <summary>Whether any feature depends on labels.</summary>
    public bool UsesLabels => parsed.Features.Any(f => f is AggregateFeature { Aggregate: Aggregate.Rate });

    /// <summary>The pause after which a user's session ends; null where sessions are not reported.</summary>
    public TimeSpan? SessionGap => parsed.Sessions is { } sessions ? TimeSpan.FromMicroseconds(sessions.GapMicros) : null;

    internal ParsedFeatureSet Parsed => parsed;

    internal long LatenessMicros => parsed.LatenessMicros;

    /// <summary>Reads a feature set.</summary>
    /// <param name="yaml">The file's text.</param>
    /// <param name="sourceName">The file's name, for messages.</param>
    /// <exception cref="FeatureSetException">The file is wrong; the message lists every error.</exception>
    public static FeatureSet Parse(TextReader yaml, string sourceName)
    {
        var errors = new YamlErrors(sourceName);
        var parsed = new FeatureSetParser(errors).Parse(yaml);
        if (parsed is not null)
            CheckFilters(parsed, errors);
        if (errors.Count > 0 || parsed is null)
            throw new FeatureSetException(errors.Message());
        return new FeatureSet(parsed);
    }

    /// <summary>Writes the plan for a person: what is kept of each entity, which windows share state, and the bytes.</summary>
    /// <param name="writer">Where to.</param>
    public void Explain(TextWriter writer) => new PlanText(this, Compile(new FeatureEngineOptions().DuplicateHorizon), writer).Write();

    internal FeaturePlan Compile(TimeSpan duplicateHorizon) => new PlanBuilder(parsed, duplicateHorizon.Ticks / TimeSpan.TicksPerMicrosecond).Build();

    private static void CheckFilters(ParsedFeatureSet parsed, YamlErrors errors)
    {
        // An event keeps one bit a filter and one for its label.
        const int most = 31;
        var filters = parsed.Features.OfType<AggregateFeature>().Where(f => f.Where is not null).DistinctBy(f => f.Where!.Canonical).ToArray();
        if (filters.Length > most)
            errors.Add(filters[most].Line, $"feature {filters[most].Name}: the set has {filters.Length} different where clauses; it may have {most}");
    }

    private static string FingerprintOf(ParsedFeatureSet parsed)
    {
        var text = new StringBuilder("features 1\n");
        text.Append(CultureInfo.InvariantCulture, $"zone {parsed.TimeZone.Id} lateness {parsed.LatenessMicros}\n");
        foreach (var feature in parsed.Features)
            text.Append(CultureInfo.InvariantCulture, $"{Canonical(feature)}\n");
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string Canonical(FeatureDefinition feature) => feature switch
    {
        EventFeature f => string.Create(
            CultureInfo.InvariantCulture,
            $"{f.Name} event {f.Field} is {string.Join(",", f.Is.Order(StringComparer.Ordinal).Select(v => Convert.ToHexString(Encoding.UTF8.GetBytes(v))))} empty {f.Empty:R}"),
        CalendarFeature f => string.Create(CultureInfo.InvariantCulture, $"{f.Name} calendar {f.Flag} {f.FromHour} {f.ToHour} {f.Days}"),
        AggregateFeature f => string.Create(
            CultureInfo.InvariantCulture,
            $"{f.Name} {f.Entity.Key} {f.Entity.RetainMicros} {f.Entity.MaxEvents} {f.Aggregate} {f.Of} {f.Window.Kind} {f.Window.LengthMicros} {f.Window.OffsetMicros} {f.Window.ReachMicros} where {f.Where?.Canonical} this {f.IncludesThis} empty {f.Empty:R}"),
        ArithmeticFeature f => string.Create(CultureInfo.InvariantCulture, $"{f.Name} {f.Operation} {string.Join(",", f.Operands)} empty {f.Empty:R}"),
        _ => throw new InvalidOperationException($"no canonical form for {feature.GetType().Name}"),
    };
}
