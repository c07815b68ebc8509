namespace Scoring.Simulation.Mutations;

/// <summary>A way to break the code on purpose: a text of a file that stands there once, and what takes its place.</summary>
/// <param name="Name">Its name.</param>
/// <param name="File">The file, from the repository's root.</param>
/// <param name="CaughtBy">Which invariant should notice.</param>
/// <param name="Guarantee">The guarantee under which seeds are run; a line of the file, at_least_once without it.</param>
/// <param name="Find">The text.</param>
/// <param name="Replacement">What takes its place.</param>
public sealed record Mutation(string Name, string File, string CaughtBy, string Guarantee, string Find, string Replacement)
{
    /// <summary>Reads all mutations of a repository.</summary>
    /// <param name="root">The repository's root.</param>
    public static IReadOnlyList<Mutation> ReadAll(string root) =>
        [.. Directory.EnumerateFiles(Path.Combine(root, "tests", "Scoring.Simulation", "Mutations"), "*.txt").Order(StringComparer.Ordinal).Select(Read)];

    /// <summary>Breaks a text.</summary>
    /// <param name="text">The file's text.</param>
    /// <returns>The broken text; null if what is to be replaced does not stand in it exactly once.</returns>
    public string? Apply(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.IndexOf(Find, StringComparison.Ordinal);
        return at < 0 || text.IndexOf(Find, at + 1, StringComparison.Ordinal) >= 0
            ? null
            : string.Concat(text.AsSpan(0, at), Replacement, text.AsSpan(at + Find.Length));
    }

    private static Mutation Read(string path)
    {
        var text = System.IO.File.ReadAllText(path);
        var parts = text.Split("--- find\n", 2);
        var texts = parts[1].Split("--- replace\n", 2);
        var head = parts[0].Split('\n');
        return new Mutation(Path.GetFileNameWithoutExtension(path), After(head[0], "file: "), After(head[1], "caught by: "), head.Length > 3 ? After(head[2], "guarantee: ") : "at_least_once", texts[0].TrimEnd('\n'), texts[1].TrimEnd('\n'));
    }

    private static string After(string line, string start) =>
        line.StartsWith(start, StringComparison.Ordinal) ? line[start.Length..] : throw new FormatException($"'{line}' must begin with '{start}'");
}
