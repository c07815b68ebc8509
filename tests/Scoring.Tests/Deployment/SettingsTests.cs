using System.Globalization;
using Scoring.Actors.Model;
using Scoring.Actors.Sink;
using Scoring.Actors.Sql;
using Scoring.Host;
using Scoring.Host.Options;

namespace Scoring.Tests.Deployment;

/// <summary>Every setting that a deployment makes is one that a node accepts at its start.</summary>
public class SettingsTests
{
    [HelmTheory]
    [InlineData("default", "http://scoring-0.scoring-nodes.payments.svc:8080", "transactions")]
    [InlineData("secured", "http://scoring-0.eu-scoring-nodes.payments.svc:8080", "eu.transactions")]
    [InlineData("small", "http://scoring-0.scoring-nodes.payments.svc:8080", "transactions")]
    public void A_node_accepts_the_settings_that_it_gets(string deployment, string url, string topic)
    {
        var options = SettingsOf(YamlTree.Documents(ChartTests.Render(deployment)).ToList());
        Assert.Equal("scoring-0", options.NodeId);
        Assert.Equal(url, options.Http.AdvertisedUrl);
        Assert.Equal(topic, options.Topics.Resolved().Transactions);
        Assert.Equal(deployment != "default", options.Source.Client.ContainsKey("sasl.password"));
    }

    [HelmTheory]
    [InlineData("default")]
    [InlineData("secured")]
    [InlineData("small")]
    public void A_node_may_take_as_long_to_stop_as_its_parts_may(string deployment)
    {
        var manifests = YamlTree.Documents(ChartTests.Render(deployment)).ToList();
        var pod = manifests.Single(m => m.Text("kind") == "StatefulSet").At("spec", "template", "spec");
        var grace = double.Parse(pod.Text("terminationGracePeriodSeconds"), CultureInfo.InvariantCulture)
            - double.Parse(pod.Text("containers", 0, "lifecycle", "preStop", "exec", "command", 1), CultureInfo.InvariantCulture);
        Assert.True(grace >= (ScoringHost.StopTimeout + ModelActor.StopTimeout + KafkaOutputLog.StopTimeout).TotalSeconds);
    }

    [Theory]
    [InlineData("scorer-1")]
    [InlineData("scorer-2")]
    public void A_scorer_accepts_its_settings(string scorer)
    {
        var options = NodeSettings.Read(ComposeTests.Services[scorer].Map("environment").Select(v => KeyValuePair.Create(v.Key, (string)v.Value!)));
        Assert.Equal(scorer, options.NodeId);
        Assert.Equal($"http://{scorer}:8080", options.Http.AdvertisedUrl);
        Assert.Equal("kafka:9092", options.Source.BootstrapServers);
        Assert.Equal(SqlProvider.Postgres, options.State.Provider);
    }

    // Kubernetes' part: secrets are read, $(NAME) is replaced by what stands above it.
    private static ScoringOptions SettingsOf(List<object?> manifests)
    {
        var json = manifests.Single(m => m.Text("kind") == "ConfigMap").Text("data", "appsettings.Production.json");
        var environment = new Dictionary<string, string>();
        foreach (var variable in manifests.Single(m => m.Text("kind") == "StatefulSet").List("spec", "template", "spec", "containers", 0, "env"))
        {
            var value = variable.At("valueFrom") is not { } source ? variable.Text("value")
                : source.At("fieldRef") is not null ? "scoring-0"
                : variable.Text("name").EndsWith("ConnectionString", StringComparison.Ordinal) ? "Host=postgresql;Database=scoring;Username=u;Password=p"
                : "secret";
            environment[variable.Text("name")] = environment.Aggregate(value, (v, known) => v.Replace($"$({known.Key})", known.Value, StringComparison.Ordinal));
        }

        return NodeSettings.Read(environment, json);
    }
}
