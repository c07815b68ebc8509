using System.Globalization;
using Akka.Actor;
using Scoring.Actors.Model;
using Scoring.Actors.Relay;
using Scoring.Actors.Sink;
using Scoring.Actors.Sql;
using Scoring.Host;
using Scoring.Host.Cluster;
using Scoring.Host.Options;
using Scoring.Kafka.Consumers;
using Scoring.Models.Durations;
using Scoring.Tests.Host.Cluster;

namespace Scoring.Tests.Deployment;

/// <summary>Every setting that a deployment makes is one that a node accepts at its start.</summary>
public class SettingsTests
{
    private const string Pod = "scoring-6d5f8c7b9-x2x1z";
    private const string PodAddress = "10.1.2.3";

    // Those before them have nothing to do: the host ends the calls. Which of these have, is known once all that adds to them has started.
    private static readonly string[] LeavingPhases =
    [
        CoordinatedShutdown.PhaseServiceRequestsDone,
        CoordinatedShutdown.PhaseClusterShardingShutdownRegion,
        CoordinatedShutdown.PhaseClusterLeave,
        CoordinatedShutdown.PhaseClusterExiting,
        CoordinatedShutdown.PhaseClusterExitingDone,
        CoordinatedShutdown.PhaseClusterShutdown,
        CoordinatedShutdown.PhaseActorSystemTerminate,
    ];

    private static readonly Dictionary<string, string> Fields = new() { ["metadata.name"] = Pod, ["status.podIP"] = PodAddress };

    [HelmTheory]
    [InlineData("default", "transactions", "0.1.0", 2)]
    [InlineData("secured", "eu.transactions", "v1.2.3-rc.1", 4)]
    [InlineData("small", "transactions", "0.1.0", 1)]
    public void A_node_accepts_the_settings_that_it_gets(string deployment, string topic, string version, int required)
    {
        var options = SettingsOf(deployment);
        Assert.Equal(Pod, options.NodeId);
        Assert.Equal($"http://{PodAddress}:8080", options.Http.AdvertisedUrl);
        Assert.Equal(topic, options.Topics.Resolved().Transactions);
        Assert.Equal(deployment != "default", options.Source.Client.ContainsKey("sasl.password"));
        Assert.Equal((ClusterDiscovery.Kubernetes, PodAddress, "payments"), (options.Cluster.Discovery, options.Cluster.PublicHostname, options.Cluster.PodNamespace));
        Assert.Equal((version, required, deployment == "secured"), (options.Cluster.AppVersion, options.Cluster.RequiredContactPoints, options.Cluster.HasTls));
        Assert.Equal(deployment == "secured" ? Guarantee.ExactlyOnce : Guarantee.AtLeastOnce, options.Output.Guarantee);
    }

    [HelmFact]
    public void A_single_node_is_alone_with_its_files()
    {
        var options = SettingsOf("single");
        Assert.Equal(ClusterDiscovery.Alone, options.Cluster.Discovery);
        Assert.Equal((SqlProvider.Sqlite, SqlProvider.Sqlite), (options.State.Provider, options.Ledger.Provider));
    }

    [HelmTheory]
    [InlineData("default")]
    [InlineData("secured")]
    [InlineData("small")]
    [InlineData("single")]
    public async Task A_node_may_take_as_long_to_stop_as_its_parts_may(string deployment)
    {
        var pod = YamlTree.Documents(ChartTests.Render(deployment)).Single(m => m.Text("kind") == "Deployment").At("spec", "template", "spec");
        var grace = double.Parse(pod.Text("terminationGracePeriodSeconds"), CultureInfo.InvariantCulture)
            - double.Parse(pod.Text("containers", 0, "lifecycle", "preStop", "exec", "command", 1), CultureInfo.InvariantCulture);
        Assert.True(TimeSpan.FromSeconds(grace) >= await LongestStopAsync());
    }

    [Fact]
    public async Task A_scorer_may_take_as_long_to_stop_as_its_parts_may()
    {
        var longest = await LongestStopAsync();
        Assert.All(["scorer-1", "scorer-2"], s => Assert.True(DurationText.TryParse(ComposeTests.Services[s].Text("stop_grace_period"), out var grace, out _) && grace >= longest));
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

    /// <summary>The settings of a deployment's node, as it reads them.</summary>
    /// <param name="deployment">The deployment.</param>
    internal static ScoringOptions SettingsOf(string deployment)
    {
        var manifests = YamlTree.Documents(ChartTests.Render(deployment)).ToList();
        var json = manifests.Single(m => m.Text("kind") == "ConfigMap").Text("data", "appsettings.Production.json");
        var environment = new Dictionary<string, string>();
        // Kubernetes' part: secrets are read, $(NAME) is replaced by what stands above it.
        foreach (var variable in manifests.Single(m => m.Text("kind") == "Deployment").List("spec", "template", "spec", "containers", 0, "env"))
        {
            var value = variable.At("valueFrom") is not { } source ? variable.Text("value")
                : source.At("fieldRef") is { } field ? Fields[field.Text("fieldPath")]
                : variable.Text("name").EndsWith("ConnectionString", StringComparison.Ordinal) ? "Host=postgresql;Database=scoring;Username=u;Password=p"
                : "secret";
            environment[variable.Text("name")] = environment.Aggregate(value, (v, known) => v.Replace($"$({known.Key})", known.Value, StringComparison.Ordinal));
        }

        return NodeSettings.Read(environment, json);
    }

    // One after the other: the calls, the members of groups at once, and what they needed. The phases are read from an actor system as a
    // node makes it, so that one that grows is seen here.
    private static async Task<TimeSpan> LongestStopAsync()
    {
        await using var member = await Member.StartAsync(new ClusterOptions());
        var phases = CoordinatedShutdown.Get(member.System);
        var cluster = LeavingPhases.Aggregate(TimeSpan.Zero, (sum, phase) => sum + phases.Timeout(phase));
        // Those of the input log, of the relay and of the ledger, one after the other.
        const int consumers = 3;
        return ScoringHost.StopTimeout + cluster + ModelActor.StopTimeout + KafkaOutputLog.StopTimeout + (consumers * NodeConsumer.StopPatience);
    }
}
