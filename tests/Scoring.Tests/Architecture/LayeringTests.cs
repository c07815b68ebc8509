using System.Text.RegularExpressions;
using Scoring.Tests.Inference;

namespace Scoring.Tests.Architecture;

/// <summary>
/// Which namespace may use which. Stages do not see each other; the pipeline alone sees them all. Change the
/// table only after thinking about the layering: it is the design.
/// </summary>
public partial class LayeringTests
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Scoring.Models.Durations"] = [],
        ["Scoring.Models.Wire"] = ["Scoring.Models.Durations"],
        ["Scoring.Models.Yaml"] = ["Scoring.Models.Durations", "Scoring.Models.Wire"],
        ["Scoring.Models.Features"] = ["Scoring.Models.Durations", "Scoring.Models.Wire", "Scoring.Models.Yaml"],
        ["Scoring.Models.Files"] = ["Scoring.Models.Durations", "Scoring.Models.Wire", "Scoring.Models.Yaml", "Scoring.Models.Features"],
        ["Scoring.Models.Inference"] = ["Scoring.Models.Wire"],
        ["Scoring.Kafka"] = [],
        ["Scoring.Actors.Log"] = ["Scoring.Actors.Messages", "Scoring.Kafka", "Scoring.Models.Durations", "Scoring.Models.Wire"],
        ["Scoring.Actors.Telemetry"] = [],
        ["Scoring.Actors.Parts"] = [],
        ["Scoring.Actors.Messages"] = ["Scoring.Models.Features", "Scoring.Models.Wire"],
        ["Scoring.Actors.Replies"] = ["Scoring.Actors.Messages", "Scoring.Actors.Telemetry", "Scoring.Models.Wire"],
        ["Scoring.Actors.Source"] = ["Scoring.Actors.Messages", "Scoring.Actors.Log", "Scoring.Actors.Telemetry", "Scoring.Kafka", "Scoring.Models.Durations", "Scoring.Models.Wire"],
        ["Scoring.Actors.Entities"] = ["Scoring.Actors.Log", "Scoring.Models.Durations", "Scoring.Models.Features", "Scoring.Models.Wire"],
        ["Scoring.Actors.Model"] = ["Scoring.Actors.Telemetry", "Scoring.Kafka.Threads", "Scoring.Models.Inference", "Scoring.Models.Wire"],
        ["Scoring.Actors.Sink"] = ["Scoring.Actors.Parts", "Scoring.Actors.Log", "Scoring.Actors.Telemetry", "Scoring.Kafka", "Scoring.Models.Durations", "Scoring.Models.Wire"],
        ["Scoring.Actors.Sql"] = [],
        ["Scoring.Actors.Snapshots"] = ["Scoring.Actors.Telemetry", "Scoring.Actors.Sql"],
        ["Scoring.Actors.State"] = ["Scoring.Actors.Snapshots", "Scoring.Actors.Sql", "Scoring.Models.Durations"],
        ["Scoring.Actors.Relay"] = ["Scoring.Actors.Messages", "Scoring.Actors.Partitions", "Scoring.Actors.Parts", "Scoring.Actors.Log", "Scoring.Actors.Telemetry", "Scoring.Kafka", "Scoring.Models.Durations", "Scoring.Models.Wire"],
        ["Scoring.Actors.Ledger"] = ["Scoring.Actors.Messages", "Scoring.Actors.Partitions", "Scoring.Actors.Parts", "Scoring.Actors.Log", "Scoring.Actors.Telemetry", "Scoring.Actors.Sql", "Scoring.Kafka", "Scoring.Models.Durations", "Scoring.Models.Wire"],
        ["Scoring.Actors.Checkpoints"] = ["Scoring.Models.Features", "Scoring.Models.Wire"],
        ["Scoring.Actors.Cardholders"] = ["Scoring.Actors.Log", "Scoring.Actors.Entities", "Scoring.Actors.Checkpoints", "Scoring.Models.Features"],

        // The partitions of the input log, which alone see all roles; the other regions are made of the same machinery.
        ["Scoring.Actors.Partitions"] =
        [
            "Scoring.Actors.Messages", "Scoring.Actors.Replies", "Scoring.Actors.Parts", "Scoring.Actors.Log", "Scoring.Actors.Telemetry", "Scoring.Actors.Source", "Scoring.Actors.Entities", "Scoring.Actors.Model",
            "Scoring.Actors.Sink", "Scoring.Actors.Sql", "Scoring.Actors.Checkpoints", "Scoring.Actors.Cardholders",
            "Scoring.Actors.Snapshots", "Scoring.Actors.State", "Scoring.Kafka", "Scoring.Models.Durations", "Scoring.Models.Features", "Scoring.Models.Inference", "Scoring.Models.Wire",
        ],
        ["Scoring.Producer"] = ["Scoring.Kafka", "Scoring.Models.Wire", "Scoring.Models.Files"],
    };

    [Fact]
    public void A_namespace_uses_only_what_the_table_lets_it()
    {
        var wrong = Sources().SelectMany(file => Uses(file.Text).Where(used => !IsAllowed(file.Namespace, used)).Select(used => $"{file.Path}: {file.Namespace} uses {used}"));
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_pure_core_touches_no_file_network_clock_or_thread()
    {
        string[] forbidden = ["System.IO.File", "File.", "Directory.", "System.Net", "System.Threading", "TimeProvider", "DateTime.Now", "Stopwatch", "Environment."];
        var wrong = from file in Sources()
                    where file.Namespace.StartsWith("Scoring.Models", StringComparison.Ordinal)
                    from line in file.Text.Split('\n')
                    let code = line.Split("//")[0]
                    from word in forbidden
                    where Regex.IsMatch(code, $@"(?<![\w.]){Regex.Escape(word)}")
                    select $"{file.Path}: {word}: {line.Trim()}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_actors_start_no_work_outside_the_scheduler_they_are_given()
    {
        var wrong = from file in Sources()
                    where file.Namespace.StartsWith("Scoring.Actors", StringComparison.Ordinal)
                    where file.Text.Contains("Task.Run(", StringComparison.Ordinal) || file.Text.Contains("ThreadPool.", StringComparison.Ordinal)
                    select file.Path;
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_counter_stands_at_zero_before_it_counts()
    {
        var wrong = from file in Sources()
                    where file.Text.Contains(".CreateCounter<", StringComparison.Ordinal) && !file.Path.EndsWith("MeterExtensions.cs", StringComparison.Ordinal)
                    select file.Path;
        Assert.Empty(wrong);
    }

    private static bool IsAllowed(string from, string used)
    {
        var layer = Layer(from);
        return layer is null || Layer(used) == layer || MayUse[layer].Any(allowed => IsIn(used, allowed));
    }

    // The longest entry of the table that a namespace lies in.
    private static string? Layer(string name) => MayUse.Keys.Where(k => IsIn(name, k)).MaxBy(k => k.Length);

    private static bool IsIn(string name, string layer) => name == layer || name.StartsWith(layer + ".", StringComparison.Ordinal);

    private static IEnumerable<string> Uses(string text) => UsingPattern().Matches(text).Select(m => m.Groups[1].Value);

    private static IEnumerable<(string Path, string Namespace, string Text)> Sources()
    {
        var root = Path.Combine(BundleFixture.Root, "src");
        foreach (var path in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            if (path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
                continue;
            var text = File.ReadAllText(path);
            if (NamespacePattern().Match(text) is { Success: true } match)
                yield return (Path.GetRelativePath(root, path), match.Groups[1].Value, text);
        }
    }

    [GeneratedRegex(@"^using (?:static )?(Scoring[\w.]*);", RegexOptions.Multiline)]
    private static partial Regex UsingPattern();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespacePattern();
}
