using System.Text;
using System.Text.Json;

namespace Scoring.Models.Files;

/// <summary>Finds the mapped properties of a line that is one JSON object. Texts are unescaped in place.</summary>
internal sealed class JsonRow(byte[] buffer, IReadOnlyList<(string Name, int Slice)> names)
{
    private readonly (byte[] Name, int Slice)[] wanted = [.. names.Select(n => (Encoding.UTF8.GetBytes(n.Name), n.Slice))];

    /// <summary>Reads the line at these places of the buffer.</summary>
    /// <returns>What is wrong with it; null if nothing is.</returns>
    public string? Read(int start, int end, RowSlices slices)
    {
        slices.Clear();
        try
        {
            var reader = new Utf8JsonReader(buffer.AsSpan(start, end - start));
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return "not a JSON object";
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var slice = SliceOf(ref reader);
                reader.Read();
                if (slice < 0)
                    reader.Skip();
                else if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                    return $"{names.First(n => n.Slice == slice).Name} is an object or a list; it must be one value";
                else
                    slices[slice] = Take(ref reader, start);
            }

            // Reads to the end, so that text behind the object is an error.
            return reader.Read() ? "text follows the JSON object" : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return $"not valid JSON: {e.Message}";
        }
    }

    private int SliceOf(ref Utf8JsonReader reader)
    {
        foreach (var (name, slice) in wanted)
        {
            if (reader.ValueTextEquals(name))
                return slice;
        }

        return -1;
    }

    private (int Offset, int Length) Take(ref Utf8JsonReader reader, int start)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return default;
        var offset = start + (int)reader.TokenStartIndex + (reader.TokenType == JsonTokenType.String ? 1 : 0);
        if (!reader.ValueIsEscaped)
            return (offset, reader.ValueSpan.Length);
        var text = new byte[reader.ValueSpan.Length];
        var length = reader.CopyString(text);
        text.AsSpan(0, length).CopyTo(buffer.AsSpan(offset));
        return (offset, length);
    }
}
