namespace Scoring.Models.Inference;

/// <summary>
/// The fields of a protobuf message, one after the other, as they lie in its bytes. (protobuf.dev, "Encoding".)
/// </summary>
internal ref struct ProtobufFields
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    private ReadOnlySpan<byte> rest;

    /// <summary>Reads a message.</summary>
    /// <param name="message">Its bytes.</param>
    public ProtobufFields(ReadOnlySpan<byte> message) => rest = message;

    /// <summary>The field's number.</summary>
    public int Number { get; private set; }

    /// <summary>The field, its tag and length included.</summary>
    public ReadOnlySpan<byte> Whole { get; private set; }

    /// <summary>The text, message or packed list that the field holds; empty if it holds none.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>The whole number that the field holds; 0 if it holds none.</summary>
    public ulong Value { get; private set; }

    /// <summary>Whether the bytes are no message.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Goes on to the next field.</summary>
    /// <returns>False behind the last one, and where the bytes are no message.</returns>
    public bool MoveNext()
    {
        if (rest.IsEmpty)
            return false;
        var start = rest;
        Content = default;
        Value = 0;
        IsBroken = !(TryVarint(out var tag) && tag <= uint.MaxValue && TryContent((int)(tag & 7)));
        Number = (int)(tag >> 3);
        Whole = start[..^rest.Length];
        return !IsBroken;
    }

    private bool TryContent(int kind)
    {
        switch (kind)
        {
            case Varint when TryVarint(out var value):
                Value = value;
                return true;
            case LengthDelimited when TryVarint(out var length) && length <= (ulong)rest.Length:
                Content = rest[..(int)length];
                rest = rest[(int)length..];
                return true;
            case Fixed32 or Fixed64 when rest.Length >= (kind == Fixed32 ? 4 : 8):
                rest = rest[(kind == Fixed32 ? 4 : 8)..];
                return true;
            default:
                return false;
        }
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < Math.Min(rest.Length, 10); i++)
        {
            value |= (ulong)(rest[i] & 0x7F) << (7 * i);
            if (rest[i] < 0x80)
            {
                rest = rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
