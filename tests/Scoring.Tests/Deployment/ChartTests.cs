using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Scoring.Host.Http;
using Scoring.Tests.Features;

namespace Scoring.Tests.Deployment;

/// <summary>The chart, rendered by Helm with the values of three deployments.</summary>
public class ChartTests
{
    private static readonly string Cases = Path.Combine(Repository.Root, "tests", "Scoring.Tests", "Deployment", "Charts");

    private static readonly Dictionary<string, string> Versions = new()
    {
        ["ConfigMap"] = "v1",
        ["Pod"] = "v1",
        ["NetworkPolicy"] = "networking.k8s.io/v1",
        ["PodDisruptionBudget"] = "policy/v1",
        ["Service"] = "v1",
        ["ServiceAccount"] = "v1",
        ["StatefulSet"] = "apps/v1",
    };

    [HelmFact]
    public void Helm_finds_nothing_wrong_with_the_chart()
    {
        var (status, output, error) = Helm.Run("lint", "--strict", Helm.Chart);
        Assert.True(status == 0, output + error);
    }

    [HelmTheory]
    [InlineData("default")]
    [InlineData("secured")]
    [InlineData("small")]
    public void The_manifests_are_those_that_were_reviewed(string deployment)
    {
        var rendered = Render(deployment);
        var expected = Path.Combine(Cases, $"{deployment}.rendered.yaml");
        Assert.True(
            rendered == File.ReadAllText(expected),
            $"{expected} differs. If it should: helm template scoring helm/scoring --namespace payments --values {deployment}.values.yaml > {deployment}.rendered.yaml");
    }

    [HelmTheory]
    [InlineData("default")]
    [InlineData("secured")]
    [InlineData("small")]
    public void Each_manifest_names_its_kind_and_a_version_that_has_it(string deployment)
    {
        var manifests = YamlTree.Documents(Render(deployment)).ToList();
        Assert.All(manifests, m => Assert.Equal(Versions[m.Text("kind")], m.Text("apiVersion")));
        Assert.Equal(manifests.Count, manifests.Select(m => (m.Text("kind"), m.Text("metadata", "name"))).Distinct().Count());
    }

    [HelmFact]
    public void Probes_ask_what_the_host_answers()
    {
        var container = Node("default").At("spec", "template", "spec", "containers", 0);
        var asked = new[] { "startupProbe", "livenessProbe", "readinessProbe" }.Select(p => container.Text(p, "httpGet", "path"));
        Assert.Equal(["/health/startup", "/health/live", "/health/ready"], asked);
        Assert.Subset(Routes(), asked.ToHashSet());
    }

    [HelmTheory]
    [InlineData("00:00:20")]
    [InlineData("20s")]
    [InlineData("20500ms")]
    [InlineData("0.35m")]
    public void A_stop_shorter_than_the_hand_over_is_refused(string handOver) =>
        Assert.Contains("stopSeconds: 27 is too short", Helm.Refusal("--set", $"config.Source.RevocationTimeout={handOver}"), StringComparison.Ordinal);

    [HelmTheory]
    [InlineData("20")]
    [InlineData("soon")]
    public void A_hand_over_that_is_no_duration_is_refused(string handOver) =>
        Assert.Contains($"{handOver} is no duration; write 2s or 00:00:02", Helm.Refusal("--set", $"config.Source.RevocationTimeout={handOver}"), StringComparison.Ordinal);

    [HelmTheory]
    [InlineData("replicaz=3", "'replicaz' not allowed")]
    [InlineData("config.Shard.MailboxRecords=3", "'Shard' not allowed")]
    [InlineData("kafka.bootstrapServers=kafka", "/kafka/bootstrapServers")]
    [InlineData("kafka.client.sasl\\.password=open", "invalid propertyName 'sasl.password'")]
    [InlineData("kafka.sasl.existingSecret=", "/kafka/sasl/existingSecret")]
    [InlineData("replicas=0", "/replicas")]
    public void A_value_that_cannot_be_right_is_refused_by_name(string value, string said) =>
        Assert.Contains(said, Helm.Refusal("--set-string", "logLevel=Debug", "--set", value), StringComparison.Ordinal);

    internal static string Render(string deployment) => Helm.Render(Path.Combine(Cases, $"{deployment}.values.yaml"));

    private static object? Node(string deployment) => YamlTree.Documents(Render(deployment)).Single(m => m.Text("kind") == "StatefulSet");

    private static HashSet<string> Routes()
    {
        using var web = WebApplication.CreateSlimBuilder().Build();
        new HealthEndpoints(null!, null!, null!).Map(web);
        return ((IEndpointRouteBuilder)web).DataSources.SelectMany(d => d.Endpoints).OfType<RouteEndpoint>().Select(e => e.RoutePattern.RawText!).ToHashSet();
    }
}
