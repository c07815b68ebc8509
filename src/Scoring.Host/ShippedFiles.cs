using Scoring.Models.Features;

namespace Scoring.Host;

/// <summary>Finds and reads the files that ship with the program.</summary>
internal static class ShippedFiles
{
    /// <summary>A path as it is where something is there, else beside the program.</summary>
    internal static string Locate(string path)
    {
        if (Path.Exists(path) || Path.IsPathRooted(path))
            return path;
        var shipped = Path.Combine(AppContext.BaseDirectory, path);
        return Path.Exists(shipped) ? shipped : path;
    }

    /// <summary>Reads a feature set.</summary>
    /// <exception cref="FeatureSetException">The set is wrong.</exception>
    internal static FeatureSet ReadFeatures(string path)
    {
        var located = Locate(path);
        using var reader = File.OpenText(located);
        return FeatureSet.Parse(reader, located);
    }
}
