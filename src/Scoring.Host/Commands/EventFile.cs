using Scoring.Models.Files;
using Scoring.Models.Wire;

namespace Scoring.Host.Commands;

/// <summary>A file of events on the disk, and beside it the one with its labels, if the map names one.</summary>
internal sealed class EventFile : IDisposable
{
    private readonly FileStream file;

    /// <summary>Opens it.</summary>
    /// <param name="path">The file; its name says how it is written.</param>
    /// <param name="map">How its columns become events.</param>
    /// <param name="limits">What an event may be at most.</param>
    /// <exception cref="EventFileException">It is something else than its name and the map say.</exception>
    internal EventFile(string path, EventFileMap map, DecodeLimits limits)
    {
        file = File.OpenRead(path);
        try
        {
            Reader = EventFileReader.Open(file, map, path, name => File.OpenRead(Path.Combine(Path.GetDirectoryName(path) ?? "", name)), limits);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads the rows.</summary>
    internal EventFileReader Reader { get; }

    /// <summary>How many bytes have been read.</summary>
    internal long Position => file.Position;

    /// <summary>How many there are.</summary>
    internal long Length => file.Length;

    /// <inheritdoc/>
    public void Dispose()
    {
        Reader.Dispose();
        file.Dispose();
    }
}
