using Scoring.Models.Wire;

namespace Scoring.Models.Features;

public sealed partial class FeatureEngine
{
    /// <summary>How many kinds of entities the engine keeps: the most that one record touches.</summary>
    public int Kinds => tables.Count(t => t is not null);

    /// <summary>Whether an entity is in memory.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key.</param>
    /// <exception cref="ArgumentException">The engine keeps no such kind.</exception>
    public bool Holds(string kind, ReadOnlySpan<byte> key) => TableOf(kind).Find(key, Hash64.Of(key)) is not null;

    /// <summary>The time of an entity's newest event.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key.</param>
    /// <returns>Microseconds since 1970-01-01T00:00:00Z; <see cref="long.MinValue"/> if it is not in memory or has seen none.</returns>
    /// <exception cref="ArgumentException">The engine keeps no such kind.</exception>
    public long NewestMicros(string kind, ReadOnlySpan<byte> key) => TableOf(kind).Find(key, Hash64.Of(key))?.Newest ?? long.MinValue;
}
