using System.IO.Compression;
using Scoring.Models.Files;

namespace Scoring.Host.Commands;

/// <summary>A file of events; its name says how it is written: .csv or .jsonl, gzip if it ends in .gz.</summary>
internal sealed class EventFile : IDisposable
{
    private readonly GZipStream? expanded;

    /// <summary>Reads the header.</summary>
    /// <param name="file">The file, which stays open.</param>
    /// <param name="map">How its columns become events.</param>
    /// <param name="name">Its name.</param>
    /// <exception cref="EventFileException">The header lacks mapped columns.</exception>
    internal EventFile(Stream file, EventFileMap map, string name)
    {
        var lower = name.ToLowerInvariant();
        var isCompressed = lower.EndsWith(".gz", StringComparison.Ordinal);
        var bare = isCompressed ? lower[..^3] : lower;
        var isJson = bare.EndsWith(".jsonl", StringComparison.Ordinal) || bare.EndsWith(".ndjson", StringComparison.Ordinal);
        expanded = isCompressed ? new GZipStream(file, CompressionMode.Decompress, leaveOpen: true) : null;
        Reader = new EventFileReader(expanded ?? file, map, isJson ? EventFileFormat.JsonLines : EventFileFormat.Csv, name);
    }

    /// <summary>Reads the rows.</summary>
    internal EventFileReader Reader { get; }

    /// <inheritdoc/>
    public void Dispose() => expanded?.Dispose();
}
