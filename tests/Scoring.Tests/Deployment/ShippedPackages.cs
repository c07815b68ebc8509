using System.Text.Json;
using System.Xml.Linq;
using Scoring.Tests.Features;

namespace Scoring.Tests.Deployment;

/// <summary>A package of which a file is shipped with the program.</summary>
/// <param name="Name">Its id.</param>
/// <param name="Version">The version that was restored.</param>
/// <param name="Licence">The SPDX expression, or the name of the package's own licence file.</param>
/// <param name="IsExpression">Whether the licence is an SPDX expression.</param>
/// <param name="Copyright">Whose it is.</param>
/// <param name="Notices">The files of licences and notices that the package carries.</param>
public sealed record ShippedPackage(string Name, string Version, string Licence, bool IsExpression, string Copyright, IReadOnlyList<string> Notices);

/// <summary>What the restore of the program says that it ships.</summary>
public static class ShippedPackages
{
    // Of those that name their licence by an address alone: what stands there, as read.
    private static readonly Dictionary<string, string> Elsewhere = new() { ["Ceen.Httpd"] = "MIT" };

    /// <summary>The packages, by name.</summary>
    public static IReadOnlyList<ShippedPackage> Read()
    {
        using var assets = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Root, "src", "Scoring.Host", "obj", "project.assets.json")));
        var folder = assets.RootElement.GetProperty("packageFolders").EnumerateObject().First().Name;
        var libraries = assets.RootElement.GetProperty("libraries");
        return [.. assets.RootElement.GetProperty("targets").GetProperty("net10.0").EnumerateObject()
            .Where(p => p.Value.GetProperty("type").ValueEquals("package") && Ships(p.Value))
            .Select(p => Package(p.Name.Split('/'), folder, libraries.GetProperty(p.Name)))
            .OrderBy(p => p.Name, StringComparer.OrdinalIgnoreCase)];
    }

    private static bool Ships(JsonElement package) => new[] { "runtime", "native", "runtimeTargets" }
        .Any(kind => package.TryGetProperty(kind, out var files) && files.EnumerateObject().Any(f => !f.Name.EndsWith("_._", StringComparison.Ordinal)));

    private static ShippedPackage Package(string[] identity, string folder, JsonElement library)
    {
        var path = Path.Combine(folder, library.GetProperty("path").GetString()!);
        var files = library.GetProperty("files").EnumerateArray().Select(f => f.GetString()!).ToList();
        var nuspec = XDocument.Load(Path.Combine(path, files.Single(f => f.EndsWith(".nuspec", StringComparison.Ordinal)))).Root!.Elements().Single();
        var licence = Element(nuspec, "license");
        var elsewhere = licence is null ? Elsewhere.GetValueOrDefault(identity[0]) : null;
        var isExpression = elsewhere is not null || licence?.Attribute("type")?.Value == "expression";
        var own = files.Where(IsNotice).Order(StringComparer.Ordinal).ToList();
        return new ShippedPackage(
            identity[0],
            identity[1],
            licence?.Value ?? elsewhere ?? own.First(),
            isExpression,
            Element(nuspec, "copyright")?.Value ?? $"Copyright {Element(nuspec, "authors")!.Value}",
            own);
    }

    private static bool IsNotice(string file) => !file.Contains('/', StringComparison.Ordinal)
        && new[] { "licen", "notice", "copying" }.Any(word => file.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static XElement? Element(XElement metadata, string name) => metadata.Elements().SingleOrDefault(e => e.Name.LocalName == name);
}
