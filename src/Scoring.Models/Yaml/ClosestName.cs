namespace Scoring.Models.Yaml;

/// <summary>Finds what somebody meant who wrote a name that does not exist.</summary>
public static class ClosestName
{
    // A name that differs in more is another one.
    private const int LeastDistance = 2;
    private const int CharsPerError = 4;

    // Longer names are not typed, and each comparison takes the product of the lengths.
    private const int MaxLength = 256;

    /// <summary>The name that was most likely meant: case, spaces and punctuation count for nothing, a wrong letter for one.</summary>
    /// <param name="wrong">What was written.</param>
    /// <param name="names">The names that there are; of equally close ones the first is taken.</param>
    /// <returns>Null if none is close.</returns>
    public static string? Of(string wrong, IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        ArgumentNullException.ThrowIfNull(names);
        if (wrong.Length > MaxLength)
            return null;
        var written = Bare(wrong);
        var (distance, closest) = names
            .Where(n => n.Length <= MaxLength)
            .Select(n => (Distance: Distance(written, Bare(n)), Name: n))
            .DefaultIfEmpty((Distance: int.MaxValue, Name: ""))
            .MinBy(n => n.Distance);
        return distance <= Math.Min(Math.Max(LeastDistance, written.Length / CharsPerError), written.Length - 1) ? closest : null;
    }

    /// <summary>The end of a message: "; did you mean 'name'?", or nothing where none is close.</summary>
    /// <param name="wrong">What was written.</param>
    /// <param name="names">The names that there are.</param>
    public static string Hint(string wrong, IEnumerable<string> names) => Of(wrong, names) is { } closest ? $"; did you mean '{closest}'?" : "";

    private static string Bare(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToUpperInvariant();

    // Levenshtein's distance (1965), by the rows of Wagner and Fischer (1974).
    private static int Distance(string a, string b)
    {
        var above = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                row[j] = Math.Min(Math.Min(row[j - 1], above[j]) + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            above = row;
        }

        return above[b.Length];
    }
}
