using System.Runtime.InteropServices;
using System.Text.Json;

namespace Scoring.Models.Inference;

/// <summary>
/// Inputs with the scores that a model must give them, as its trainer computed them: the proof that the
/// model's file, its runtime and the order of its inputs are those that were trained.
/// </summary>
internal sealed class GoldenRows
{
    private const int MaxNamedLines = 5;

    private readonly List<float> inputs = [];
    private readonly List<float> scores = [];
    private readonly List<int> lines = [];
    private readonly int width;

    private GoldenRows(int width) => this.width = width;

    /// <summary>How many rows there are.</summary>
    public int Count => scores.Count;

    /// <summary>The inputs of a row; NaN is a missing value.</summary>
    /// <param name="row">Which row, from 0.</param>
    public ReadOnlySpan<float> Inputs(int row) => CollectionsMarshal.AsSpan(inputs).Slice(row * width, width);

    /// <summary>The score that a row must get.</summary>
    /// <param name="row">Which row, from 0.</param>
    public float Score(int row) => scores[row];

    /// <summary>The line of the file that a row stands in, from 1.</summary>
    /// <param name="row">Which row, from 0.</param>
    public int Line(int row) => lines[row];

    /// <summary>Reads rows of <c>{"inputs":[…],"score":…}</c>, one a line; null is a missing value. Empty lines are passed over.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <param name="width">How many inputs a row must have.</param>
    /// <param name="problems">Receives what is wrong: the first lines by their numbers, and how many more there are.</param>
    /// <returns>The rows; null if anything is wrong.</returns>
    public static GoldenRows? Read(ReadOnlyMemory<byte> file, int width, List<string> problems)
    {
        var rows = new GoldenRows(width);
        var wrong = 0;
        for (var number = 1; !file.IsEmpty; number++)
        {
            var end = file.Span.IndexOf((byte)'\n');
            var line = end < 0 ? file : file[..end];
            file = end < 0 ? default : file[(end + 1)..];
            if (line.Span.Trim(" \t\r"u8).IsEmpty || rows.Add(line, number) is not { } problem)
                continue;
            if (++wrong <= MaxNamedLines)
                problems.Add($"{BundleFiles.GoldenName}: line {number}: {problem}");
        }

        if (wrong > MaxNamedLines)
            problems.Add($"{BundleFiles.GoldenName}: {wrong - MaxNamedLines} more lines are wrong");
        if (wrong == 0 && rows.Count == 0)
            problems.Add($"{BundleFiles.GoldenName}: no rows; without any the model cannot be checked");
        return wrong == 0 && rows.Count > 0 ? rows : null;
    }

    private string? Add(ReadOnlyMemory<byte> line, int number)
    {
        try
        {
            using var document = BundleJson.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object
                || !root.TryGetProperty("inputs", out var values) || values.ValueKind != JsonValueKind.Array
                || !root.TryGetProperty("score", out var score) || score.ValueKind != JsonValueKind.Number)
                return "a row must be {\"inputs\":[numbers or null],\"score\":number}";
            if (values.GetArrayLength() != width)
                return $"{values.GetArrayLength()} inputs; the model has {width}";
            if (!score.TryGetSingle(out var expected) || expected is not (>= -DecisionThresholds.RangeTolerance and <= 1 + DecisionThresholds.RangeTolerance))
                return $"score {BundleJson.Excerpt(score)} is not from 0 to 1";
            if (WrongInput(values) is { } wrong)
                return $"input {BundleJson.Excerpt(wrong)} is neither a float32 nor null";
            Add(values, expected, number);
            return null;
        }
        catch (JsonException e)
        {
            return $"not readable as JSON ({e.Message})";
        }
    }

    private void Add(JsonElement values, float score, int line)
    {
        foreach (var value in values.EnumerateArray())
            inputs.Add(value.ValueKind == JsonValueKind.Null ? float.NaN : value.GetSingle());
        scores.Add(score);
        lines.Add(line);
    }

    private static JsonElement? WrongInput(JsonElement values)
    {
        foreach (var value in values.EnumerateArray())
        {
            if (value.ValueKind != JsonValueKind.Null && !(value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number) && float.IsFinite(number)))
                return value;
        }

        return null;
    }
}
