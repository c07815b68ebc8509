using Scoring.Actors.Model;
using Scoring.Models.Inference;

namespace Scoring.Tests.Inference;

public sealed class BundleDirectoryTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("bundle").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_folder_is_read_whole()
    {
        using var bundle = ModelBundle.Load(BundleDirectory.Read(Path.Combine(BundleFixture.Folder, "stumps")), BundleFixture.Running);

        Assert.Equal("stumps", bundle.Manifest.Name);
    }

    [Fact]
    public void A_folder_that_is_absent_is_refused_by_name()
    {
        var absent = Path.Combine(folder, "2");

        Assert.Contains(absent, Assert.Throws<BundleException>(() => BundleDirectory.Read(absent)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_golden_rows_is_refused()
    {
        foreach (var name in (string[])["model.json", "model.onnx"])
            File.Copy(Path.Combine(BundleFixture.Folder, "stumps", name), Path.Combine(folder, name));

        var refusal = Assert.Throws<BundleException>(() => ModelBundle.Load(BundleDirectory.Read(folder), BundleFixture.Running));

        Assert.StartsWith("golden.jsonl: missing", Assert.Single(refusal.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_too_large_is_refused_unread()
    {
        using (var file = File.Create(Path.Combine(folder, "model.json")))
            file.SetLength(BundleFiles.MaxManifestBytes + 1);

        Assert.Equal("model.json: 4194305 bytes; at most 4194304 are read", Assert.Single(Assert.Throws<BundleException>(() => BundleDirectory.Read(folder)).Problems));
    }
}
