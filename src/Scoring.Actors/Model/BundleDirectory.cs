using Scoring.Models.Inference;

namespace Scoring.Actors.Model;

/// <summary>Reads a model bundle from a folder.</summary>
public static class BundleDirectory
{
    /// <summary>Reads the bundle's files. A file that is absent is left for <see cref="ModelBundle.Load"/> to name.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="BundleException">The folder does not exist, or a file is too large or unreadable.</exception>
    public static BundleFiles Read(string path)
    {
        if (!Directory.Exists(path))
            throw new BundleException(path, ["no such folder; a bundle is a folder such as models/fraud/1"]);
        return new BundleFiles(
            path,
            ReadFile(path, BundleFiles.ManifestName, BundleFiles.MaxManifestBytes),
            ReadFile(path, BundleFiles.ModelName, BundleFiles.MaxModelBytes),
            ReadFile(path, BundleFiles.GoldenName, BundleFiles.MaxGoldenBytes));
    }

    private static byte[]? ReadFile(string folder, string name, int maxBytes)
    {
        var path = Path.Combine(folder, name);
        try
        {
            var length = new FileInfo(path) is { Exists: true } file ? file.Length : -1;
            if (length > maxBytes)
                throw new BundleException(folder, [$"{name}: {length} bytes; at most {maxBytes} are read"]);
            return length < 0 ? null : File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BundleException(folder, [$"{name}: cannot be read ({e.Message})"]);
        }
    }
}
