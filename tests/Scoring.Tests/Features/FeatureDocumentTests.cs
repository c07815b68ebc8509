using Scoring.Models.Features;

namespace Scoring.Tests.Features;

public sealed class FeatureDocumentTests
{
    [Fact]
    public void Every_example_of_the_documentation_is_valid()
    {
        var lines = File.ReadAllLines(Path.Combine(Repository.Root, "docs", "features.md"));
        var header = lines.SkipWhile(l => l != "featureSet: example" && !l.StartsWith("featureSet:", StringComparison.Ordinal)).TakeWhile(l => !l.StartsWith("features:", StringComparison.Ordinal));
        var examples = lines.Where(l => l.TrimStart().StartsWith("- { name:", StringComparison.Ordinal)).Select(l => "  " + l.TrimStart()).Distinct().ToArray();

        var set = FeatureSet.Parse(new StringReader(string.Join('\n', [.. header, "features:", .. examples])), "docs/features.md");

        Assert.True(examples.Length > 12, "the document shows each construct");
        Assert.Equal(examples.Length, set.FeatureNames.Count);
        Assert.Equal(TimeSpan.FromMinutes(30), set.SessionGap);
    }
}
