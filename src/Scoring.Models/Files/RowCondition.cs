using System.Globalization;

namespace Scoring.Models.Files;

/// <summary>What must hold of some columns of a row; all of it.</summary>
internal sealed class RowCondition(IReadOnlyList<ColumnTest> tests)
{
    /// <summary>Tests a row.</summary>
    /// <param name="row">Its values.</param>
    /// <param name="holds">Whether the condition holds.</param>
    /// <returns>Null if that can be told; else what is wrong with the row.</returns>
    public string? Test(RowSlices row, out bool holds)
    {
        holds = true;
        foreach (var test in tests)
        {
            if (test.Test(row.Trimmed(test.Column), out var passes) is { } wrong)
                return wrong;
            holds &= passes;
        }

        return null;
    }
}

/// <summary>What must hold of one column: its text is among some, begins with one of some, or is a number within bounds.</summary>
internal sealed record ColumnTest(int Column, string Name)
{
    /// <summary>The texts of which one must be the column's; empty where any may be.</summary>
    public IReadOnlyList<byte[]> Is { get; init; } = [];

    /// <summary>The texts that the column's must not be.</summary>
    public IReadOnlyList<byte[]> Not { get; init; } = [];

    /// <summary>The texts with one of which the column's must begin; empty where it may begin in any way.</summary>
    public IReadOnlyList<byte[]> Starts { get; init; } = [];

    /// <summary>The bounds of the column's number: lt, le, gt or ge, and the bound.</summary>
    public IReadOnlyList<(string Comparison, decimal Bound)> Bounds { get; init; } = [];

    /// <summary>Tests the column's text, which has no spaces around it.</summary>
    /// <returns>Null if it can be told; else what is wrong.</returns>
    public string? Test(ReadOnlySpan<byte> text, out bool passes)
    {
        passes = (Is.Count == 0 || IsAmong(Is, text)) && !IsAmong(Not, text) && (Starts.Count == 0 || IsBegun(text));
        // An empty text is within no bounds.
        if (Bounds.Count == 0 || text.IsEmpty)
        {
            passes &= Bounds.Count == 0;
            return null;
        }

        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            return $"column '{ShownText.Of(Name)}': '{ShownText.Of(text)}' is not a number, which the condition on it wants";
        foreach (var (comparison, bound) in Bounds)
            passes &= comparison switch { "lt" => number < bound, "le" => number <= bound, "gt" => number > bound, _ => number >= bound };
        return null;
    }

    private static bool IsAmong(IReadOnlyList<byte[]> texts, ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < texts.Count; i++)
        {
            if (text.SequenceEqual(texts[i]))
                return true;
        }

        return false;
    }

    private bool IsBegun(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < Starts.Count; i++)
        {
            if (text.StartsWith(Starts[i]))
                return true;
        }

        return false;
    }
}
