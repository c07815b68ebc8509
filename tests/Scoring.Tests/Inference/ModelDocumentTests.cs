using System.Text;
using System.Text.RegularExpressions;
using Scoring.Models.Inference;

namespace Scoring.Tests.Inference;

public sealed partial class ModelDocumentTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(BundleFixture.Root, "docs", "models.md"));

    [Fact]
    public void The_manifest_of_the_documentation_is_read_without_a_problem()
    {
        var manifest = JsonBlocks().Match(Document).Groups[1].Value;
        var files = new BundleFiles("docs/models.md", Encoding.UTF8.GetBytes(manifest), [], []);

        // That the files beside it are missing is all that is wrong.
        var problems = Assert.Throws<BundleException>(() => ModelBundle.Load(files, null)).Problems;

        Assert.Equal(["model.onnx: its SHA-256 is", "golden.jsonl: its SHA-256 is"], problems.Select(problem => string.Join(' ', problem.Split(' ').Take(4))));
    }

    [Fact]
    public void The_documentation_names_every_field_of_the_manifest_and_every_reason_without_a_score()
    {
        var fields = new BundleFixture().WithOutput("score", 0).Manifest.Select(field => field.Key);
        var reasons = Enum.GetValues<ScoreFault>().Where(fault => fault != ScoreFault.None).Select(fault => fault.Code());

        Assert.All(fields.Concat(reasons), name => Assert.Contains($"`{name}`", Document, StringComparison.Ordinal));
    }

    [GeneratedRegex("```json\\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlocks();
}
