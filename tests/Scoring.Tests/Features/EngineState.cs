using System.Buffers;
using Scoring.Models.Features;

namespace Scoring.Tests.Features;

/// <summary>Saves and restores whole engines.</summary>
internal static class EngineState
{
    public static SortedDictionary<string, byte[]> Save(FeatureEngine engine, bool changedOnly = false)
    {
        var states = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        engine.SaveEntities(changedOnly, (kind, key, state) => states.Add($"{kind} {Convert.ToHexString(key)}", state.ToArray()));
        return states;
    }

    public static void Restore(FeatureEngine engine, IEnumerable<KeyValuePair<string, byte[]>> states)
    {
        foreach (var (name, state) in states)
        {
            var parts = name.Split(' ');
            engine.RestoreEntity(parts[0], Convert.FromHexString(parts[1]), state);
        }
    }

    public static FeatureEngine Copy(FeatureEngine engine, FeatureEngineOptions options)
    {
        var marks = new ArrayBufferWriter<byte>();
        engine.SaveMarks(marks);
        var copy = new FeatureEngine(engine.Set, options);
        copy.RestoreMarks(marks.WrittenSpan);
        Restore(copy, Save(engine));
        return copy;
    }
}
