using System.Globalization;

namespace Scoring.Models.Yaml;

/// <summary>Durations as the files write them: a whole number and a unit (s, m, h, d). A day is 86,400 s.</summary>
public static class DurationText
{
    /// <summary>Microseconds of one second.</summary>
    public const long Second = 1_000_000;

    /// <summary>The longest duration, 3,650 days, in microseconds.</summary>
    public const long Longest = 3650 * 86_400 * Second;

    private static readonly (char Unit, long Micros)[] Units =
        [('d', 86_400 * Second), ('h', 3600 * Second), ('m', 60 * Second), ('s', Second)];

    /// <summary>Reads a duration.</summary>
    /// <param name="text">A number and a unit, "15m".</param>
    /// <param name="micros">Its length in microseconds.</param>
    /// <returns>False if the text is no duration or is above <see cref="Longest"/>.</returns>
    public static bool TryParse(string text, out long micros)
    {
        ArgumentNullException.ThrowIfNull(text);
        micros = 0;
        foreach (var (unit, length) in Units)
        {
            if (!text.EndsWith(unit))
                continue;
            if (!long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > Longest / length)
                return false;
            micros = number * length;
            return true;
        }

        return false;
    }

    /// <summary>Writes a duration in its largest whole unit.</summary>
    /// <param name="micros">Whole seconds, in microseconds.</param>
    public static string Format(long micros)
    {
        foreach (var (unit, length) in Units)
        {
            if (micros >= length && micros % length == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{micros / length}{unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{micros / (double)Second}s");
    }
}
