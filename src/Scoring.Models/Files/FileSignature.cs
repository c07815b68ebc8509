using System.Text;

namespace Scoring.Models.Files;

/// <summary>Tells what a file is from its first bytes, so that one that can't be read is refused by its kind and not row by row.</summary>
internal static class FileSignature
{
    /// <summary>As many bytes as are looked at.</summary>
    public const int Bytes = 4096;

    private const string Unpack = "unpack it first";
    private const string Write = "write it as CSV or JSON lines";

    private static readonly string[] Markup = ["<?xml", "<!doctype", "<html"];

    /// <summary>Tells why a file whose name ends in .gz is no gzip.</summary>
    /// <returns>What is wrong, behind the file's name; null if nothing is.</returns>
    public static string? WrongGzip(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty || start is [0x1F, 0x8B, ..])
            return null;
        var kind = KindOf(start) is { } found ? found.Kind : start.ContainsAnyInRange((byte)0, (byte)8) ? "something else" : "plain text";
        return $"is not gzip, though its name ends in .gz: it is {kind}; give it the name that it should have";
    }

    /// <summary>Tells why the content can't be read as rows.</summary>
    /// <param name="start">The file's first bytes, uncompressed.</param>
    /// <param name="format">How its rows are meant to be written; null where it has none.</param>
    /// <param name="encoding">How it is meant to be encoded.</param>
    /// <returns>What is wrong, behind the file's name; null if nothing is.</returns>
    public static string? Wrong(ReadOnlySpan<byte> start, EventFileFormat? format, FileEncoding encoding)
    {
        if (KindOf(start) is { } found)
            return $"is {found.Kind}; {found.Remedy}";
        if (encoding.IsUtf16)
            return start is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] || start.Contains((byte)0) || start.IsEmpty ? null : $"is not UTF-16, though the map's encoding is {encoding.Name}";
        if (Utf16Of(start) is { } utf16)
            return $"is UTF-16; write encoding: {utf16} in the map";
        var text = start.TrimStart("\uFEFF"u8).TrimStart(" \t\r\n"u8);
        return format switch
        {
            EventFileFormat.JsonLines => WrongLines(text),
            EventFileFormat.Csv => WrongCsv(text),
            _ => null,
        };
    }

    private static (string Kind, string Remedy)? KindOf(ReadOnlySpan<byte> start) => start switch
    {
        [0x1F, 0x8B, ..] => ("gzip", "end its name in .gz"),
        [(byte)'P', (byte)'K', 3, 4, ..] => ("a zip archive", "unpack it first (an .xlsx workbook is one too: save it as CSV)"),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => ("a Zstandard archive", Unpack),
        [(byte)'B', (byte)'Z', (byte)'h', _, 0x31, 0x41, 0x59, ..] => ("a bzip2 archive", Unpack),
        [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => ("an xz archive", Unpack),
        [(byte)'7', (byte)'z', 0xBC, 0xAF, ..] => ("a 7z archive", Unpack),
        [(byte)'R', (byte)'a', (byte)'r', (byte)'!', 0x1A, ..] => ("a RAR archive", Unpack),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => ("an Excel workbook of before 2007", "save it as CSV"),
        [(byte)'P', (byte)'A', (byte)'R', (byte)'1', < 0x20, ..] => ("Parquet", Write),
        [(byte)'O', (byte)'b', (byte)'j', 1, ..] => ("Avro", Write),
        [(byte)'S', (byte)'Q', (byte)'L', (byte)'i', (byte)'t', (byte)'e', (byte)' ', ..] => ("an SQLite database", Write),
        [(byte)'%', (byte)'P', (byte)'D', (byte)'F', (byte)'-', ..] => ("PDF", Write),
        [0xFF, 0xFE, 0, 0, ..] or [0, 0, 0xFE, 0xFF, ..] => ("UTF-32", "save it as UTF-8"),
        _ => null,
    };

    // Without a mark, every other byte of Western text is 0.
    private static string? Utf16Of(ReadOnlySpan<byte> start) => start switch
    {
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] => "utf-16",
        [not 0, 0, not 0, 0, ..] => "utf-16le",
        [0, not 0, 0, not 0, ..] => "utf-16be",
        _ => null,
    };

    private static string? WrongCsv(ReadOnlySpan<byte> text)
    {
        if (IsMarkup(text))
            return "is XML or HTML; write it as CSV with a header, or as JSON lines";
        if (text is [(byte)'{', .. var inner] && inner.TrimStart(" \t\r\n"u8) is [(byte)'"', ..])
            return "is JSON; end its name in .jsonl and write one object a line";
        if (text is [(byte)'[', .. var list] && list.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..])
            return "is one JSON list; write one object a line (jq -c '.[]') to a file that ends in .jsonl";
        return text.Contains((byte)'\r') && !text.Contains((byte)'\n') && text.Length > 1 && text.IndexOf((byte)'\r') < text.Length - 1
            ? "has lines that end with a carriage return alone; let them end with a line feed (tr '\\r' '\\n')"
            : null;
    }

    private static string? WrongLines(ReadOnlySpan<byte> text)
    {
        if (IsMarkup(text))
            return "is XML or HTML; write it as JSON lines";
        if (text is [(byte)'[', ..])
            return "is one JSON list; write one object a line (jq -c '.[]')";
        var end = text.IndexOf((byte)'\n');
        return text is [(byte)'{', ..] && end > 0 && text[1..end].Trim(" \t\r"u8).IsEmpty ? "has JSON objects over several lines; write one object a line (jq -c .)" : null;
    }

    private static bool IsMarkup(ReadOnlySpan<byte> text)
    {
        foreach (var start in Markup)
        {
            if (text.Length >= start.Length && Ascii.EqualsIgnoreCase(text[..start.Length], start))
                return true;
        }

        return false;
    }
}
