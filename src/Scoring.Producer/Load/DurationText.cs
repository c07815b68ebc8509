using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Scoring.Producer.Load;

/// <summary>Reads durations as people type them: a number and a unit, <c>250ms</c>, <c>20s</c>, <c>5m</c>, <c>1.5h</c>, <c>7d</c>.</summary>
public static class DurationText
{
    private const double LongestDays = 3_650;

    private static readonly (string Unit, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];

    /// <summary>Reads a duration.</summary>
    /// <param name="text">The text; no sign, no blanks.</param>
    /// <param name="duration">The duration, from 0 to 3,650 days.</param>
    /// <param name="error">What is wrong and what would be right; null where it was read.</param>
    public static bool TryParse(string? text, out TimeSpan duration, [NotNullWhen(false)] out string? error)
    {
        duration = default;
        text ??= "";
        var digits = text.AsSpan().IndexOfAnyExcept("0123456789.".AsSpan());
        if (digits < 0)
        {
            error = text.Length == 0 ? "a duration is missing; write 20s, 5m or 1h" : $"'{text}' has no unit; write {text}s for seconds, {text}m for minutes";
            return false;
        }

        var unit = Array.Find(Units, u => text.AsSpan(digits).SequenceEqual(u.Unit));
        if (unit.Unit is null || !double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            error = $"'{text}' is no duration; write a number and one of the units ms, s, m, h, d, such as 20s";
            return false;
        }

        if (number * unit.Seconds > LongestDays * 86_400)
        {
            error = $"'{text}' is longer than {LongestDays:N0} days";
            return false;
        }

        duration = TimeSpan.FromSeconds(number * unit.Seconds);
        error = null;
        return true;
    }
}
