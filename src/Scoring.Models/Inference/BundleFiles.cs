namespace Scoring.Models.Inference;

/// <summary>The contents of a model bundle's files, read by whoever may read files.</summary>
public sealed class BundleFiles
{
    /// <summary>The name of the file that describes the model.</summary>
    public const string ManifestName = "model.json";

    /// <summary>The name of the file that holds the model.</summary>
    public const string ModelName = "model.onnx";

    /// <summary>The name of the file that holds inputs with the scores that they must get.</summary>
    public const string GoldenName = "golden.jsonl";

    /// <summary>The largest manifest in bytes.</summary>
    public const int MaxManifestBytes = 4 << 20;

    /// <summary>The largest model in bytes.</summary>
    public const int MaxModelBytes = 512 << 20;

    /// <summary>The largest file of golden rows in bytes.</summary>
    public const int MaxGoldenBytes = 64 << 20;

    private readonly byte[]?[] contents;

    /// <summary>Takes the contents of the three files; null where a file is missing.</summary>
    /// <param name="origin">Where they come from, for messages: a folder, a topic, …</param>
    /// <param name="manifest">The bytes of <see cref="ManifestName"/>.</param>
    /// <param name="model">The bytes of <see cref="ModelName"/>.</param>
    /// <param name="golden">The bytes of <see cref="GoldenName"/>.</param>
    public BundleFiles(string origin, byte[]? manifest, byte[]? model, byte[]? golden)
    {
        Origin = origin;
        contents = [manifest, model, golden];
    }

    /// <summary>Where the files come from.</summary>
    public string Origin { get; }

    internal byte[] Manifest => contents[0] ?? [];

    internal byte[] Model => contents[1] ?? [];

    internal byte[] Golden => contents[2] ?? [];

    internal IEnumerable<string> Problems()
    {
        (string Name, int Max)[] files = [(ManifestName, MaxManifestBytes), (ModelName, MaxModelBytes), (GoldenName, MaxGoldenBytes)];
        for (var i = 0; i < files.Length; i++)
        {
            if (contents[i] is null)
                yield return $"{files[i].Name}: missing; a bundle is {ManifestName}, {ModelName} and {GoldenName}";
            else if (contents[i]!.Length > files[i].Max)
                yield return $"{files[i].Name}: {contents[i]!.Length} bytes; at most {files[i].Max} are read";
        }
    }
}
