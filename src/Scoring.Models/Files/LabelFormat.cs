using System.Text;

namespace Scoring.Models.Files;

/// <summary>Reads labels from text, whatever the case of its letters.</summary>
internal sealed class LabelFormat
{
    private static readonly string[] Yes = ["1", "1.0", "true", "yes", "y"];
    private static readonly string[] No = ["0", "0.0", "false", "no", "n"];

    private readonly byte[][] positive;
    private readonly byte[][] negative;
    private readonly bool isOpen;

    /// <summary>Takes what a map says.</summary>
    /// <param name="positive">What is fraud; null for 1, true, yes and y.</param>
    /// <param name="negative">What is none; null for whatever else where <paramref name="positive"/> is given, else for 0, false, no and n.</param>
    public LabelFormat(IReadOnlyList<string>? positive, IReadOnlyList<string>? negative)
    {
        this.positive = [.. (positive ?? Yes).Select(Encoding.UTF8.GetBytes)];
        this.negative = [.. (negative ?? No).Select(Encoding.UTF8.GetBytes)];
        isOpen = positive is not null && negative is null;
        Wanted = positive is null ? "is not 0, 1, true, false, yes or no" : $"is none of {string.Join(", ", [.. positive, .. negative ?? []])}";
    }

    private string Wanted { get; }

    /// <summary>Reads a label and says what is wrong with one that it refuses.</summary>
    /// <param name="text">Its text, no spaces around it.</param>
    /// <param name="isFraud">What it says; null where the text is empty.</param>
    /// <returns>Null if it was read; else what is wrong, to stand behind the field's name.</returns>
    public string? Read(ReadOnlySpan<byte> text, out bool? isFraud)
    {
        isFraud = null;
        if (text.IsEmpty)
            return null;
        if (IsOneOf(positive, text))
            isFraud = true;
        else if (isOpen || IsOneOf(negative, text))
            isFraud = false;
        return isFraud is null ? Wanted : null;
    }

    private static bool IsOneOf(byte[][] words, ReadOnlySpan<byte> text)
    {
        foreach (var word in words)
        {
            if (text.Length == word.Length && (text.SequenceEqual(word) || Ascii.EqualsIgnoreCase(text, word)))
                return true;
        }

        return false;
    }
}
