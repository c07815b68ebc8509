using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Scoring.Actors.Partitions;
using Scoring.Host.Http;
using Scoring.Tests.Features;

namespace Scoring.Tests.Deployment;

/// <summary>The chart, rendered by Helm with the values of four deployments.</summary>
public class ChartTests
{
    private static readonly string Cases = Path.Combine(Repository.Root, "tests", "Scoring.Tests", "Deployment", "Charts");

    private static readonly Dictionary<string, string> Versions = new()
    {
        ["ConfigMap"] = "v1",
        ["Deployment"] = "apps/v1",
        ["PersistentVolumeClaim"] = "v1",
        ["Pod"] = "v1",
        ["NetworkPolicy"] = "networking.k8s.io/v1",
        ["PodDisruptionBudget"] = "policy/v1",
        ["Role"] = "rbac.authorization.k8s.io/v1",
        ["RoleBinding"] = "rbac.authorization.k8s.io/v1",
        ["Service"] = "v1",
        ["ServiceAccount"] = "v1",
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
    [InlineData("single")]
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
    [InlineData("single")]
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
        // None but the last depends on what is elsewhere: what a node waits for, a restart does not bring.
        Assert.Equal(["/health/live", "/health/live", "/health/ready"], asked);
        Assert.Subset(Routes(), asked.ToHashSet());
    }

    [HelmTheory]
    [InlineData("default")]
    [InlineData("secured")]
    [InlineData("small")]
    public void Pods_are_found_by_labels_and_a_port_that_they_have(string deployment)
    {
        var node = Node(deployment);
        var cluster = SettingsTests.SettingsOf(deployment).Cluster;
        var labels = node.Map("spec", "template", "metadata", "labels");
        Assert.All(cluster.PodLabelSelector.Split(',').Select(l => l.Split('=')), l => Assert.Equal(l[1], labels[l[0]]));
        // No more and no fewer than what the Deployment calls its own.
        Assert.Equal(node.Map("spec", "selector", "matchLabels").Keys.Order(), cluster.PodLabelSelector.Split(',').Select(l => l.Split('=')[0]).Order());
        var ports = node.List("spec", "template", "spec", "containers", 0, "ports").ToDictionary(p => p.Text("name"), p => p.Text("containerPort"));
        Assert.Equal($"{cluster.ManagementPort}", ports[cluster.PodPortName]);
        Assert.Equal($"{cluster.Port}", ports["remoting"]);
        Assert.Equal("true", node.Text("spec", "template", "spec", "automountServiceAccountToken"));
    }

    [HelmTheory]
    [InlineData("default", "scoring")]
    [InlineData("secured", "scorer")]
    [InlineData("small", "default")]
    public void The_nodes_may_list_pods_and_nothing_else(string deployment, string account)
    {
        var manifests = YamlTree.Documents(Render(deployment)).ToList();
        var (role, binding) = (manifests.Single(m => m.Text("kind") == "Role"), manifests.Single(m => m.Text("kind") == "RoleBinding"));
        var rule = Assert.Single(role.List("rules"));
        Assert.Equal(["pods"], rule.List("resources"));
        Assert.Equal(["get", "list", "watch"], rule.List("verbs"));
        Assert.Equal((role.Text("metadata", "name"), account, "payments"), (binding.Text("roleRef", "name"), binding.Text("subjects", 0, "name"), binding.Text("subjects", 0, "namespace")));
        Assert.Equal(account, Node(deployment).Text("spec", "template", "spec", "serviceAccountName"));
        Assert.Equal(SettingsTests.SettingsOf(deployment).Cluster.PodNamespace, binding.Text("subjects", 0, "namespace"));
    }

    [HelmFact]
    public void An_update_adds_a_node_before_it_takes_one_and_one_after_the_other()
    {
        var node = Node("default");
        Assert.Equal(("RollingUpdate", "1", "0"), (node.Text("spec", "strategy", "type"), node.Text("spec", "strategy", "rollingUpdate", "maxSurge"), node.Text("spec", "strategy", "rollingUpdate", "maxUnavailable")));
        Assert.True(TimeSpan.FromSeconds(int.Parse(node.Text("spec", "minReadySeconds"), CultureInfo.InvariantCulture)) > new PartitionTimes().Drain);
    }

    [HelmFact]
    public void Nodes_are_spread_among_those_of_their_own_update()
    {
        var spread = Node("default").List("spec", "template", "spec", "topologySpreadConstraints");
        Assert.NotEmpty(spread);
        Assert.All(spread, c => Assert.Equal(["pod-template-hash"], c.List("matchLabelKeys")));
    }

    [HelmFact]
    public void A_single_node_with_files_is_stopped_before_the_next_one_starts()
    {
        Assert.Equal("Recreate", Node("single").Text("spec", "strategy", "type"));
        var claim = YamlTree.Documents(Render("single")).Single(m => m.Text("kind") == "PersistentVolumeClaim").Text("metadata", "name");
        var volume = Node("single").List("spec", "template", "spec", "volumes").Single(v => v.At("persistentVolumeClaim") is not null);
        Assert.Equal(claim, volume.Text("persistentVolumeClaim", "claimName"));
        var mount = Node("single").List("spec", "template", "spec", "containers", 0, "volumeMounts").Single(m => m.Text("name") == volume.Text("name")).Text("mountPath");
        var options = SettingsTests.SettingsOf("single");
        Assert.All([options.State.Path, options.Ledger.Path], p => Assert.Equal(mount, Path.GetDirectoryName(p)));
    }

    [HelmTheory]
    [InlineData("sqlite.enabled=true", "replicas: 3 nodes can't share an SQLite file")]
    [InlineData("config.State.Provider=Sqlite", "config.State.Provider: is the chart's to set")]
    [InlineData("config.State.Path=/tmp/state.db", "config.State.Path: is the chart's to set")]
    [InlineData("config.Ledger.provider=sqlite", "config.Ledger.provider: is the chart's to set")]
    [InlineData("config.Ledger.Path=/tmp/ledger.db", "config.Ledger.Path: is the chart's to set")]
    public void Files_of_one_node_are_refused_for_several(string value, string said) =>
        Assert.Contains(said, Helm.Refusal("--set", value), StringComparison.Ordinal);

    [HelmTheory]
    [InlineData("replicaz=3", "'replicaz' not allowed")]
    [InlineData("config.Shard.MailboxRecords=3", "'Shard' not allowed")]
    [InlineData("kafka.bootstrapServers=kafka", "/kafka/bootstrapServers")]
    [InlineData("kafka.client.sasl\\.password=open", "invalid propertyName 'sasl.password'")]
    [InlineData("kafka.sasl.existingSecret=", "/kafka/sasl/existingSecret")]
    [InlineData("replicas=0", "/replicas")]
    [InlineData("stopSeconds=30", "/stopSeconds")]
    public void A_value_that_cannot_be_right_is_refused_by_name(string value, string said) =>
        Assert.Contains(said, Helm.Refusal("--set-string", "logLevel=Debug", "--set", value), StringComparison.Ordinal);

    internal static string Render(string deployment) => Helm.Render(Path.Combine(Cases, $"{deployment}.values.yaml"));

    private static object? Node(string deployment) => YamlTree.Documents(Render(deployment)).Single(m => m.Text("kind") == "Deployment");

    private static HashSet<string> Routes()
    {
        using var web = WebApplication.CreateSlimBuilder().Build();
        new HealthEndpoints(null!, null!, null!, null!).Map(web);
        return ((IEndpointRouteBuilder)web).DataSources.SelectMany(d => d.Endpoints).OfType<RouteEndpoint>().Select(e => e.RoutePattern.RawText!).ToHashSet();
    }
}
