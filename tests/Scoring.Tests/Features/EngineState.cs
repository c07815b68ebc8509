using System.Buffers;
using Scoring.Models.Features;

namespace Scoring.Tests.Features;

/// <summary>Saves and restores whole engines.</summary>
internal static class EngineState
{
    public static SortedDictionary<string, byte[]> Save(FeatureEngine engine)
    {
        var states = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        engine.SaveEntities((kind, key, state) => states.Add(Name(kind, key), state.ToArray()));
        return states;
    }

    /// <summary>Makes what changed durable, all at once.</summary>
    public static SortedDictionary<string, byte[]> SaveChanged(FeatureEngine engine)
    {
        var states = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        engine.Freeze();
        engine.WriteFrozen(int.MaxValue, (kind, key, state, _, _) => states.Add(Name(kind, key), state.ToArray()));
        engine.FrozenIsDurable();
        return states;
    }

    public static byte[] Marks(FeatureEngine engine)
    {
        var marks = new ArrayBufferWriter<byte>();
        engine.SaveMarks(marks);
        return marks.WrittenSpan.ToArray();
    }

    public static string Name(string kind, ReadOnlySpan<byte> key) => $"{kind} {Convert.ToHexString(key)}";

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
        var copy = new FeatureEngine(engine.Set, options);
        copy.RestoreMarks(Marks(engine));
        Restore(copy, Save(engine));
        return copy;
    }
}
