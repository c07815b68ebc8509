using System.CommandLine;
using System.Text.RegularExpressions;
using Scoring.Actors.Log;
using Scoring.Host.Commands;
using Scoring.Tests.Features;

namespace Scoring.Tests.Deployment;

/// <summary>The compose file and what it starts agree.</summary>
public partial class ComposeTests
{
    private static readonly object? Compose = YamlTree.Parse(Interpolated(File.ReadAllText(Path.Combine(Repository.Root, "docker-compose.yml"))));

    internal static readonly IReadOnlyDictionary<string, object?> Services = Compose.Map("services");

    [Fact]
    public void Every_topic_is_made_that_a_node_uses()
    {
        var topics = new Topics().Resolved();
        var used = typeof(Topics).GetProperties().Where(p => p.Name != nameof(Topics.Prefix)).Select(p => p.GetValue(topics)).OfType<string>().Where(t => t.Length > 0);
        var made = MadeTopic().Matches(Services["topics"].Text("command", 0)).Select(m => m.Groups[1].Value);
        Assert.Equal(used.Order(StringComparer.Ordinal), made.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Whoever_is_waited_for_says_when_it_is_healthy()
    {
        var waits = Services.SelectMany(s => s.Value.Map("depends_on")).ToList();
        Assert.NotEmpty(waits);
        Assert.All(waits, w => Assert.True(w.Value.Text("condition") switch
        {
            "service_healthy" => Services[w.Key].List("healthcheck", "test").Count > 0,
            "service_completed_successfully" => Services[w.Key].Text("restart") is "no" or "on-failure",
            _ => false,
        }));
    }

    [Fact]
    public void The_producer_is_started_with_options_that_it_has()
    {
        var root = new RootCommand { ProduceCommand.Create() };
        Assert.Empty(root.Parse(Services["producer"].List("command").Cast<string>().ToArray()).Errors);
    }

    // ${NAME:-default} with nothing set in the environment; $$ is a dollar for the container.
    private static string Interpolated(string text) => Variable().Replace(text, "$1").Replace("$$", "$", StringComparison.Ordinal);

    [GeneratedRegex(@"\$\{[A-Z_]+:-([^}]*)\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^make_topic (\S+)", RegexOptions.Multiline)]
    private static partial Regex MadeTopic();
}
