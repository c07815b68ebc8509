using System.Text;

namespace Scoring.Models.Files;

/// <summary>How the bytes of a file stand for characters.</summary>
internal sealed class FileEncoding
{
    /// <summary>What files of UTF-16 begin with, and files of UTF-8 too at times.</summary>
    public const char ByteOrderMark = '\uFEFF';

    /// <summary>The encodings that most files have, for messages.</summary>
    public const string Names = "utf-8, utf-16, utf-16le, utf-16be, latin1 or windows-1252";

    private readonly bool isBigEndian;

    private FileEncoding(string name, bool isUtf16, bool isBigEndian, byte[]?[]? characters)
    {
        Name = name;
        IsUtf16 = isUtf16;
        this.isBigEndian = isBigEndian;
        Characters = characters ?? [];
    }

    public static FileEncoding Utf8 { get; } = new("utf-8", false, false, null);

    public string Name { get; }

    public bool IsUtf8 => !IsUtf16 && Characters.Length == 0;

    public bool IsUtf16 { get; }

    /// <summary>Of an encoding of one byte a character, each byte's character in UTF-8; null where it stands for none.</summary>
    public byte[]?[] Characters { get; }

    /// <summary>Finds an encoding by its name: UTF-8, UTF-16, or any of one byte a character that IANA has a name for.</summary>
    /// <returns>Null if there is none.</returns>
    public static FileEncoding? Find(string name)
    {
        switch (name.ToLowerInvariant())
        {
            case "utf-8" or "utf8" or "ascii" or "us-ascii": return Utf8;
            case "utf-16" or "utf16" or "utf-16le" or "utf16le": return new FileEncoding(name, true, false, null);
            case "utf-16be" or "utf16be": return new FileEncoding(name, true, true, null);
            case "latin1" or "latin-1": return new FileEncoding(name, false, false, CharactersOf(Encoding.Latin1));
        }

        try
        {
            var encoding = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
            return encoding.IsSingleByte ? new FileEncoding(name, false, false, CharactersOf(encoding)) : null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The same of the byte order that the file's mark tells.</summary>
    public FileEncoding Ordered(ReadOnlySpan<byte> start) => !IsUtf16 || start.Length < 2 ? this : start switch
    {
        [0xFE, 0xFF, ..] => new FileEncoding(Name, true, true, null),
        [0xFF, 0xFE, ..] => new FileEncoding(Name, true, false, null),
        _ => this,
    };

    /// <summary>The first code unit of UTF-16.</summary>
    public char Unit(ReadOnlySpan<byte> bytes) => (char)(isBigEndian ? (bytes[0] << 8) | bytes[1] : (bytes[1] << 8) | bytes[0]);

    private static byte[]?[] CharactersOf(Encoding encoding)
    {
        var characters = new byte[]?[256];
        for (var value = 0; value < characters.Length; value++)
        {
            // The tables give bytes that stand for nothing a private character.
            var character = encoding.GetString([(byte)value])[0];
            characters[value] = character is '\uFFFD' or (>= '\uE000' and <= '\uF8FF') ? null : Encoding.UTF8.GetBytes([character]);
        }

        return characters;
    }
}
