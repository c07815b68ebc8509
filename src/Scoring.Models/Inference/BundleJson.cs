using System.Text.Json;

namespace Scoring.Models.Inference;

/// <summary>What the readers of a bundle's JSON have in common.</summary>
internal static class BundleJson
{
    private const int MaxExcerptLength = 40;

    // Of two equal keys the last one would count, without a word.
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>
    /// Reads JSON, behind the byte order mark that some editors write. Its texts are checked here, once, since JSON's reader
    /// finds bad Unicode in a text only when that is asked for.
    /// </summary>
    /// <param name="file">The file's bytes, or a line of them.</param>
    /// <exception cref="JsonException">It is no JSON, a text in it is no Unicode, or an object has a key twice.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> file)
    {
        var json = file.Span.StartsWith(ByteOrderMark) ? file[ByteOrderMark.Length..] : file;
        var reader = new Utf8JsonReader(json.Span);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && !IsUnicode(ref reader))
                throw new JsonException($"the text at byte {reader.TokenStartIndex} is no valid Unicode");
        }

        return JsonDocument.Parse(json, Options);
    }

    /// <summary>The beginning of a value.</summary>
    /// <param name="value">The value.</param>
    public static string Excerpt(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length > MaxExcerptLength ? text[..MaxExcerptLength] + "…" : text;
    }

    private static bool IsUnicode(ref Utf8JsonReader reader)
    {
        try
        {
            reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
