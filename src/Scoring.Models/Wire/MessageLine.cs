namespace Scoring.Models.Wire;

/// <summary>
/// A line of an error message that quotes somebody's file or somebody else's error: whatever that holds, the message stays one
/// line of bounded length that a terminal shows and does not obey.
/// </summary>
public static class MessageLine
{
    /// <summary>The most characters of a line; what is longer ends in "…".</summary>
    public const int MaxLength = 1_000;

    /// <summary>Makes a text a line: runs of blanks and control characters become one space.</summary>
    /// <param name="text">The text.</param>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        // Of a text without end only the beginning is worth the look.
        var cut = text.Length > MaxLength ? text[..(MaxLength - 1)] + "…" : text;
        return cut.Any(char.IsControl)
            ? string.Join(' ', string.Concat(cut.Select(c => char.IsControl(c) ? ' ' : c)).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            : cut;
    }
}
