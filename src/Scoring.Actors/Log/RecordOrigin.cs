using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Actors.Log;

/// <summary>Which record of another topic a relayed record is a copy of.</summary>
/// <param name="Topic">The topic that the relay read.</param>
/// <param name="Partition">Its partition.</param>
/// <param name="Offset">The record's offset in it.</param>
public sealed record RecordOrigin(string Topic, int Partition, long Offset)
{
    /// <summary>The value of the header <see cref="RecordHeaders.RelayedFrom"/>.</summary>
    public byte[] ToHeader() => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Topic}:{Partition}:{Offset}"));

    /// <summary>Reads the header's value.</summary>
    /// <param name="header">The value.</param>
    /// <param name="topics">Gives the text of a topic's name.</param>
    /// <param name="origin">The origin.</param>
    /// <returns>False if it is not as <see cref="ToHeader"/> writes it.</returns>
    public static bool TryParse(ReadOnlySpan<byte> header, TopicNames topics, out RecordOrigin? origin)
    {
        ArgumentNullException.ThrowIfNull(topics);
        origin = null;
        var last = header.LastIndexOf((byte)':');
        var first = last < 0 ? -1 : header[..last].LastIndexOf((byte)':');
        if (first <= 0
            || !TryNumber(header[(first + 1)..last], int.MaxValue, out var partition)
            || !TryNumber(header[(last + 1)..], long.MaxValue, out var offset)
            || topics.Of(header[..first]) is not { } topic)
            return false;
        origin = new RecordOrigin(topic, (int)partition, offset);
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<byte> digits, long most, out long number) =>
        Utf8Parser.TryParse(digits, out number, out var read) && read == digits.Length && char.IsAsciiDigit((char)digits[0]) && number <= most;
}

/// <summary>The names of the few topics that records are relayed from, each as one string. Owned by one thread.</summary>
public sealed class TopicNames
{
    /// <summary>Names that are kept; further ones are made anew each time.</summary>
    public const int MaxKept = 64;

    /// <summary>The longest name of a topic, in characters.</summary>
    public const int MaxChars = 249;

    private readonly List<string> kept = [];

    /// <summary>Whether a text can be a topic's name: ASCII letters, digits, '.', '_' and '-', and neither of the two folders.</summary>
    /// <param name="name">The text.</param>
    public static bool IsValid(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length is > 0 and <= MaxChars && name is not ("." or "..") && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
    }

    /// <summary>The string of a name.</summary>
    /// <param name="name">The name in ASCII.</param>
    /// <returns>The string, the same one each time; null if it is no topic's name.</returns>
    public string? Of(ReadOnlySpan<byte> name)
    {
        foreach (var known in kept)
        {
            if (Ascii.Equals(name, known))
                return known;
        }

        var text = Encoding.UTF8.GetString(name);
        if (!IsValid(text))
            return null;
        if (kept.Count < MaxKept)
            kept.Add(text);
        return text;
    }
}
