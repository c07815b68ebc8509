using System.Text.Json;

namespace Scoring.Models.Files;

/// <summary>Reads the names and values of one JSON object that may be larger than memory.</summary>
internal static class JsonPairs
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Takes a pair.</summary>
    /// <param name="name">Its name in UTF-8.</param>
    /// <param name="value">Its value's text in UTF-8; empty for null.</param>
    public delegate void Taker(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

    /// <summary>Reads the pairs.</summary>
    /// <param name="content">The JSON in UTF-8.</param>
    /// <param name="property">The property that holds the object; null where it is the whole.</param>
    /// <param name="sourceName">The file's name, for messages.</param>
    /// <param name="take">Takes each pair.</param>
    /// <exception cref="EventFileException">It is no such JSON.</exception>
    public static void Read(Stream content, string? property, string sourceName, Taker take)
    {
        var pass = new Pass(property, sourceName, take);
        var buffer = new byte[BufferBytes];
        var (filled, isLast, state) = (0, false, default(JsonReaderState));
        try
        {
            while (!isLast)
            {
                var read = content.Read(buffer, filled, buffer.Length - filled);
                isLast = read == 0;
                filled += read;
                var reader = new Utf8JsonReader(buffer.AsSpan(0, filled), isLast, state);
                pass.Read(ref reader);
                state = reader.CurrentState;
                var used = (int)reader.BytesConsumed;
                if (used == 0 && filled == buffer.Length)
                    throw new EventFileException($"{sourceName}: holds a text longer than {BufferBytes} bytes");
                buffer.AsSpan(used, filled - used).CopyTo(buffer);
                filled -= used;
            }
        }
        catch (JsonException e)
        {
            throw new EventFileException($"{sourceName}:{e.LineNumber + 1}: not valid JSON at byte {e.BytePositionInLine + 1}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new EventFileException($"{sourceName}: a text holds half of a surrogate pair, or is not UTF-8", e);
        }
        catch (InvalidDataException e)
        {
            throw new EventFileException($"{sourceName}: {ByteLines.Damaged}", e);
        }

        if (!pass.HasFound)
            throw new EventFileException(property is null ? $"{sourceName}: is not one JSON object" : $"{sourceName}: has no property '{property}' that is an object");
    }

    private sealed class Pass(string? property, string sourceName, Taker take)
    {
        // The depth at which the object's names stand; 0 while it has not begun.
        private int depth;
        private bool isNext;
        private byte[]? name;

        public bool HasFound { get; private set; }

        public void Read(ref Utf8JsonReader reader)
        {
            while (reader.Read())
                Take(ref reader);
        }

        private void Take(ref Utf8JsonReader reader)
        {
            var at = reader.CurrentDepth;
            if (depth > 0 && at < depth)
                depth = 0;
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject when depth == 0 && (property is null ? at == 0 : isNext && at == 1):
                    (depth, HasFound) = (at + 1, true);
                    break;
                case JsonTokenType.PropertyName when depth > 0 && at == depth:
                    name = Copy(ref reader);
                    return;
                case JsonTokenType.PropertyName when depth == 0 && at == 1 && property is not null:
                    isNext = reader.ValueTextEquals(property);
                    return;
                case JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null when name is not null && at == depth:
                    Tell(ref reader);
                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray when name is not null && at == depth:
                    throw new EventFileException($"{sourceName}: '{ShownText.Of(name)}' is an object or a list; it must be one value");
            }

            (name, isNext) = (null, false);
        }

        private void Tell(ref Utf8JsonReader reader)
        {
            ReadOnlySpan<byte> value = reader.TokenType == JsonTokenType.Null ? default : reader.ValueIsEscaped ? Copy(ref reader) : reader.ValueSpan;
            take(name, value);
        }

        private static byte[] Copy(ref Utf8JsonReader reader)
        {
            var text = new byte[reader.ValueSpan.Length];
            return text[..reader.CopyString(text)];
        }
    }
}
