using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Scoring.Tests.Inference;

/// <summary>Values that people and programs put where something else is right: extreme, of another type, or no value at all.</summary>
internal static class HostileValues
{
    private static readonly string[] Json =
    [
        "null", "true", "[]", "{}", "\"\"", "\"x\"", "\"NaN\"", "\"Infinity\"", "\"\\ud800\"", "\"\\u0000\"", "\"\\u001b[31m\"", "\"../../etc/passwd\"", "\"a\\nb\"",
        "0", "-0", "-0.0", "1", "-1", "0.5", "1.0000001", "1e-400", "1e400", "-1e400", "3.5e38", "1e39", "2147483647", "2147483648", "-2147483648",
        "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "123456789012345678901234567890123456789", "1E+2", "5e-324",
        "[[[[[[[[1]]]]]]]]", "{\"a\":{\"b\":[null]}}", "NaN", "Infinity", "-Infinity", "01", ".5", "+1", "0x10", "'x'", "undefined", "",
    ];

    /// <summary>JSON, or nearly so.</summary>
    public static string OfJson(Random random) => random.Next(12) switch
    {
        0 => new string('[', random.Next(200)) + new string(']', random.Next(200)),
        1 => $"\"{new string('x', random.Next(2_000))}\"",
        2 => new string('9', random.Next(1, 500)),
        3 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)).ToString("R", CultureInfo.InvariantCulture),
        _ => Json[random.Next(Json.Length)],
    };

    /// <summary>Any float32, the edges of its kinds often.</summary>
    public static float OfSingle(Random random) => random.Next(8) switch
    {
        0 => float.NaN,
        1 => random.Next(2) == 0 ? float.PositiveInfinity : float.NegativeInfinity,
        2 => random.Next(2) == 0 ? float.MaxValue : float.MinValue,
        3 => random.Next(2) == 0 ? 0f : -0f,
        4 => 1 + ((random.Next(9) - 4) * 1e-6f),
        5 => random.NextSingle(),
        _ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
    };

    /// <summary>A document with one of its values replaced, taken away, doubled, or its bytes cut or changed.</summary>
    public static byte[] Spoilt(JsonObject document, Random random)
    {
        const string mark = "\"@here@\"";
        var copy = document.DeepClone().AsObject();
        var (parent, key) = Places(copy).ElementAt(random.Next(Places(copy).Count()));
        if (random.Next(6) == 0)
            Remove(parent, key);
        else
            Set(parent, key, "@here@");
        var json = copy.ToJsonString().Replace(mark, random.Next(8) == 0 ? $"1,{Text(key)}:2" : OfJson(random), StringComparison.Ordinal);
        var bytes = Encoding.UTF8.GetBytes(json);
        return random.Next(5) == 0 ? Damaged(bytes, random) : bytes;
    }

    /// <summary>Bytes cut short, or with a few of them changed.</summary>
    public static byte[] Damaged(byte[] bytes, Random random)
    {
        var damaged = bytes.AsSpan(0, random.Next(3) == 0 ? random.Next(bytes.Length + 1) : bytes.Length).ToArray();
        for (var i = random.Next(4); i > 0 && damaged.Length > 0; i--)
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
        return damaged;
    }

    private static string Text(object key) => key is string name ? $"\"{name}\"" : "0";

    private static IEnumerable<(JsonNode Parent, object Key)> Places(JsonNode node) => node switch
    {
        JsonObject map => map.SelectMany(p => Places(p.Value!).Prepend((map, p.Key))),
        JsonArray list => list.SelectMany((child, i) => Places(child!).Prepend((list, i))),
        _ => [],
    };

    private static void Set(JsonNode parent, object key, string value)
    {
        if (parent is JsonObject map)
            map[(string)key] = value;
        else
            parent.AsArray()[(int)key] = value;
    }

    private static void Remove(JsonNode parent, object key)
    {
        if (parent is JsonObject map)
            map.Remove((string)key);
        else
            parent.AsArray().RemoveAt((int)key);
    }
}
