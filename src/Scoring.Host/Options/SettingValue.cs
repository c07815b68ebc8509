using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Scoring.Models.Durations;

namespace Scoring.Host.Options;

/// <summary>Reads the text of one setting.</summary>
internal static class SettingValue
{
    /// <summary>Reads a value, and writes it as the configuration's binder reads it.</summary>
    /// <param name="type">What it is.</param>
    /// <param name="text">What somebody wrote.</param>
    /// <param name="canonical">The same for the binder.</param>
    /// <param name="error">What is wrong and what would be right; null where it was read.</param>
    internal static bool TryRead(Type type, string text, out string canonical, [NotNullWhen(false)] out string? error)
    {
        canonical = text;
        error = null;
        if (type == typeof(TimeSpan))
            canonical = DurationText.TryParse(text, out var duration, out error) ? duration.ToString("c", CultureInfo.InvariantCulture) : text;
        else if (type.IsEnum)
            error = TermError(type, text, out canonical);
        else if (type == typeof(bool))
            error = bool.TryParse(text, out _) ? null : $"'{text}' is neither true nor false";
        else if (type == typeof(int))
            error = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : NumberError(text, int.MaxValue);
        else if (type == typeof(long))
            error = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : NumberError(text, long.MaxValue);
        else if (type == typeof(double))
            error = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? null : $"'{text}' is no number";
        return error is null;
    }

    private static string NumberError(string text, long most) => string.Create(CultureInfo.InvariantCulture, $"'{text}' is no whole number of at most {most:N0}");

    // Kafka's users write terms with underscores: exactly_once, cooperative_sticky. A number is no term, though .NET would take it.
    private static string? TermError(Type type, string text, out string canonical)
    {
        var bare = text.Replace("_", "", StringComparison.Ordinal);
        canonical = Enum.GetNames(type).FirstOrDefault(n => n.Equals(bare, StringComparison.OrdinalIgnoreCase)) ?? "";
        return canonical.Length > 0 ? null : $"'{text}' is none of {string.Join(", ", Enum.GetNames(type))}";
    }
}
