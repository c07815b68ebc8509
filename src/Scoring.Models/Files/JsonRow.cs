using System.Text;
using System.Text.Json;

namespace Scoring.Models.Files;

/// <summary>
/// Finds the mapped properties of a line that is one JSON object. A name with points (a.b) is a property of that name, or the
/// property b of the object a; a number among them (a.0) is a place in a list. Texts are unescaped in place.
/// </summary>
internal sealed class JsonRow(byte[] buffer, IReadOnlyList<string> columns)
{
    // Marks a value that is an object or a list: whether that matters shows when the line is read, for of equal names the last counts.
    private const int NotOneValue = -1;

    private readonly Node root = Node.Of(columns);

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
            ReadObject(ref reader, root, start, slices);
            // Reads to the end, so that text behind the object is an error.
            return reader.Read() ? "text follows the JSON object" : Wrong(slices);
        }
        catch (JsonException e)
        {
            // The reader's own message quotes the line, which may hold a card number.
            return $"not valid JSON at byte {e.BytePositionInLine + 1}";
        }
        catch (InvalidOperationException)
        {
            return "not valid JSON: a text holds half of a surrogate pair, or is not UTF-8";
        }
    }

    private string? Wrong(RowSlices slices)
    {
        for (var column = 0; column < columns.Count; column++)
        {
            if (slices[column].Length == NotOneValue)
                return $"{ShownText.Of(columns[column])} is an object or a list; it must be one value (name one within it: {ShownText.Of(columns[column])}.NAME)";
        }

        return null;
    }

    private void ReadObject(ref Utf8JsonReader reader, Node node, int start, RowSlices slices)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = node.Find(ref reader);
            reader.Read();
            ReadValue(ref reader, found, start, slices);
        }
    }

    private void ReadList(ref Utf8JsonReader reader, Node node, int start, RowSlices slices)
    {
        for (var place = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; place++)
            ReadValue(ref reader, node.At(place), start, slices);
    }

    private void ReadValue(ref Utf8JsonReader reader, Node? node, int start, RowSlices slices)
    {
        if (node is null)
        {
            reader.Skip();
            return;
        }

        // What an equal name before it said is void.
        foreach (var column in node.Within)
            slices[column] = default;
        var isOpen = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        if (node.Column >= 0)
            slices[node.Column] = isOpen ? (0, NotOneValue) : Take(ref reader, start);
        if (!isOpen)
            return;
        if (!node.HasParts)
            reader.Skip();
        else if (reader.TokenType == JsonTokenType.StartObject)
            ReadObject(ref reader, node, start, slices);
        else
            ReadList(ref reader, node, start, slices);
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

    /// <summary>A name that the map mentions, or the beginning of one, and what stands behind its point.</summary>
    private sealed class Node
    {
        private readonly List<(byte[] Name, Node Node)> parts = [];

        /// <summary>The column that the value is; -1 where the name is only the beginning of one.</summary>
        public int Column { get; private set; } = -1;

        /// <summary>The columns behind this name's point.</summary>
        public List<int> Within { get; } = [];

        public bool HasParts => parts.Count > 0;

        public static Node Of(IReadOnlyList<string> columns)
        {
            var root = new Node();
            foreach (var (column, name) in columns.Index())
            {
                root.Part(name).Column = column;
                if (name.Split('.') is { Length: > 1 } path)
                    root.Descend(path, column);
            }

            return root;
        }

        public Node? Find(ref Utf8JsonReader reader)
        {
            foreach (var (name, node) in parts)
            {
                if (reader.ValueTextEquals(name))
                    return node;
            }

            return null;
        }

        public Node? At(int place)
        {
            Span<byte> digits = stackalloc byte[10];
            System.Buffers.Text.Utf8Formatter.TryFormat(place, digits, out var length);
            foreach (var (name, node) in parts)
            {
                if (digits[..length].SequenceEqual(name))
                    return node;
            }

            return null;
        }

        private void Descend(string[] path, int column)
        {
            var node = this;
            foreach (var name in path)
            {
                if (node != this)
                    node.Within.Add(column);
                node = node.Part(name);
            }

            node.Column = column;
        }

        private Node Part(string name)
        {
            var bytes = Encoding.UTF8.GetBytes(name);
            if (parts.Find(p => p.Name.AsSpan().SequenceEqual(bytes)).Node is { } found)
                return found;
            parts.Add((bytes, new Node()));
            return parts[^1].Node;
        }
    }
}
