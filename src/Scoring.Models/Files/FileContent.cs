using System.IO.Compression;

namespace Scoring.Models.Files;

/// <summary>What is in a file: uncompressed if its name ends in .gz, in UTF-8 whatever it is written in.</summary>
internal static class FileContent
{
    /// <summary>How a file of this name is written: JSON lines if it ends in .jsonl or .ndjson, else CSV.</summary>
    public static EventFileFormat FormatOf(string name)
    {
        var bare = Bare(name);
        return EndsIn(bare, ".jsonl") || EndsIn(bare, ".ndjson") ? EventFileFormat.JsonLines : EventFileFormat.Csv;
    }

    /// <summary>Whether a file of this name is one JSON value.</summary>
    public static bool IsJson(string name) => EndsIn(Bare(name), ".json");

    /// <summary>Opens the content.</summary>
    /// <param name="file">The file as it is on the disk, at its beginning; it stays open.</param>
    /// <param name="name">Its name, which says how it is written.</param>
    /// <param name="encoding">How its bytes stand for characters.</param>
    /// <returns>The content, to be disposed.</returns>
    /// <exception cref="EventFileException">It is something else than its name and the encoding say; the message says what.</exception>
    public static Stream Open(Stream file, string name, FileEncoding encoding)
    {
        var content = new PeekedStream(file, FileSignature.Bytes, leaveOpen: true);
        if (IsCompressed(name))
            content = Expand(content, name);
        try
        {
            if (FileSignature.Wrong(content.Start, IsJson(name) ? null : FormatOf(name), encoding) is { } wrong)
                throw new EventFileException($"{name}: {wrong}");
            return encoding.IsUtf8 ? content : new TranscodedStream(content, encoding.Ordered(content.Start));
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    private static PeekedStream Expand(PeekedStream compressed, string name)
    {
        if (FileSignature.WrongGzip(compressed.Start) is { } wrong)
            throw new EventFileException($"{name}: {wrong}");
        var expanded = new GZipStream(compressed, CompressionMode.Decompress);
        try
        {
            return new PeekedStream(expanded, FileSignature.Bytes, leaveOpen: false);
        }
        catch (InvalidDataException e)
        {
            expanded.Dispose();
            throw new EventFileException($"{name}:1: {ByteLines.Damaged}", e);
        }
    }

    private static bool IsCompressed(string name) => EndsIn(name, ".gz");

    private static string Bare(string name) => IsCompressed(name) ? name[..^3] : name;

    private static bool EndsIn(string name, string end) => name.EndsWith(end, StringComparison.OrdinalIgnoreCase);
}
