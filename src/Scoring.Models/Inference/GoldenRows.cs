using System.Text.Json;

namespace Scoring.Models.Inference;

/// <summary>
/// Inputs with the scores that a model must give them, as its trainer computed them: the proof that the
/// model's file, its runtime and the order of its inputs are those that were trained.
/// </summary>
internal sealed class GoldenRows
{
    private readonly List<float> inputs = [];
    private readonly List<float> scores = [];
    private readonly int width;

    private GoldenRows(int width) => this.width = width;

    /// <summary>How many rows there are.</summary>
    public int Count => scores.Count;

    /// <summary>The inputs of a row; NaN is a missing value.</summary>
    /// <param name="row">Which row, from 0.</param>
    public ReadOnlySpan<float> Inputs(int row) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(inputs).Slice(row * width, width);

    /// <summary>The score that a row must get.</summary>
    /// <param name="row">Which row, from 0.</param>
    public float Score(int row) => scores[row];

    /// <summary>Reads rows of <c>{"inputs":[…],"score":…}</c>, one a line; null is a missing value.</summary>
    /// <param name="lines">The file's bytes.</param>
    /// <param name="width">How many inputs a row must have.</param>
    /// <param name="problems">Receives the first thing that is wrong.</param>
    /// <returns>The rows; null if anything is wrong.</returns>
    public static GoldenRows? Read(ReadOnlyMemory<byte> lines, int width, List<string> problems)
    {
        var rows = new GoldenRows(width);
        for (var number = 1; !lines.IsEmpty; number++)
        {
            var end = lines.Span.IndexOf((byte)'\n');
            var line = end < 0 ? lines : lines[..end];
            lines = end < 0 ? default : lines[(end + 1)..];
            if (rows.Add(line) is { } problem)
            {
                problems.Add($"{BundleFiles.GoldenName}: line {number}: {problem}");
                return null;
            }
        }

        if (rows.Count > 0)
            return rows;
        problems.Add($"{BundleFiles.GoldenName}: no rows; without any the model cannot be checked");
        return null;
    }

    private string? Add(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object
                || !root.TryGetProperty("inputs", out var values) || values.ValueKind != JsonValueKind.Array
                || !root.TryGetProperty("score", out var score) || score.ValueKind != JsonValueKind.Number)
                return "a row must be {\"inputs\":[numbers or null],\"score\":number}";
            if (values.GetArrayLength() != width)
                return $"{values.GetArrayLength()} inputs; the model has {width}";
            if (!score.TryGetSingle(out var expected) || expected is not (>= 0 and <= 1))
                return $"score {score.GetRawText()} is not from 0 to 1";
            scores.Add(expected);
            return AddInputs(values);
        }
        catch (JsonException e)
        {
            return $"not JSON ({e.Message})";
        }
    }

    private string? AddInputs(JsonElement values)
    {
        foreach (var value in values.EnumerateArray())
        {
            if (value.ValueKind == JsonValueKind.Null)
                inputs.Add(float.NaN);
            else if (value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number))
                inputs.Add(number);
            else
                return $"input {value.GetRawText()} is neither a float32 nor null";
        }

        return null;
    }
}
