using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.Serialization;
using Scoring.Actors.Messages;
using Scoring.Actors.Partitions;
using Scoring.Host.Cluster;

namespace Scoring.Tests.Host.Cluster;

/// <summary>The values that hold in a member's actor system, whichever way they came there.</summary>
public sealed class MemberConfigurationTests
{
    [Fact]
    public async Task How_a_split_is_decided_and_how_long_that_takes()
    {
        await using var member = await Member.StartAsync(new ClusterOptions());
        var cluster = member.System.Settings.Config.GetConfig("akka.cluster");
        Assert.StartsWith("Akka.Cluster.SBR.SplitBrainResolverProvider, Akka.Cluster", cluster.GetString("downing-provider-class"), StringComparison.Ordinal);
        Assert.Equal("keep-majority", cluster.GetString("split-brain-resolver.active-strategy"));
        Assert.Equal("scorer", cluster.GetString("split-brain-resolver.keep-majority.role"));
        Assert.Equal(TimeSpan.FromSeconds(7), cluster.GetTimeSpan("split-brain-resolver.stable-after"));
        Assert.Equal("on", cluster.GetString("split-brain-resolver.down-all-when-unstable"));
        Assert.Equal(TimeSpan.FromSeconds(1), cluster.GetTimeSpan("down-removal-margin"));
        Assert.Equal(["relay", "scorer"], Akka.Cluster.Cluster.Get(member.System).SelfRoles);
        Assert.Equal("2.3.4", cluster.GetString("app-version"));
        Assert.True(cluster.GetBoolean("run-coordinated-shutdown-when-down"));
    }

    [Theory]
    [InlineData(5, 7)]
    [InlineData(6, 10)]
    public async Task More_than_five_members_take_longer_to_agree(int members, int seconds)
    {
        await using var member = await Member.StartAsync(new ClusterOptions { Members = members });
        Assert.Equal(TimeSpan.FromSeconds(seconds), member.System.Settings.Config.GetTimeSpan("akka.cluster.split-brain-resolver.stable-after"));
    }

    [Fact]
    public async Task How_partitions_are_given_and_moved()
    {
        await using var member = await Member.StartAsync(new ClusterOptions());
        var settings = ClusterShardingSettings.Create(member.System);
        Assert.Equal(PartitionRegion.ScorerRole, settings.Role);
        Assert.Equal(StateStoreMode.DData, settings.StateStoreMode);
        Assert.False(settings.RememberEntities);
        Assert.Equal(TimeSpan.Zero, settings.PassivateIdleEntityAfter);
        Assert.Equal(TimeSpan.FromSeconds(20), settings.TuningParameters.HandOffTimeout);
        Assert.Equal(4, settings.TuningParameters.LeastShardAllocationAbsoluteLimit);
        Assert.Equal(0.2, settings.TuningParameters.LeastShardAllocationRelativeLimit);
        Assert.Empty(member.System.Settings.Config.GetStringList("akka.cluster.sharding.distributed-data.durable.keys"));
    }

    [Fact]
    public async Task Each_bound_of_a_stop_fits_into_the_one_around_it()
    {
        await using var member = await Member.StartAsync(new ClusterOptions());
        var region = CoordinatedShutdown.Get(member.System).Timeout(CoordinatedShutdown.PhaseClusterShardingShutdownRegion);
        var handOff = ClusterShardingSettings.Create(member.System).TuningParameters.HandOffTimeout;
        Assert.Equal(TimeSpan.FromSeconds(25), region);
        Assert.True(region > handOff);
        // The region stops an entity by force 5 s before its hand-off is over.
        Assert.True(handOff - TimeSpan.FromSeconds(5) > new PartitionTimes().Drain);
        Assert.False(member.System.Settings.Config.GetBoolean("akka.coordinated-shutdown.run-by-clr-shutdown-hook"));
        Assert.False(member.System.Settings.Config.GetBoolean("akka.coordinated-shutdown.exit-clr"));
    }

    [Fact]
    public async Task Nothing_goes_between_nodes_but_what_has_a_serialiser()
    {
        await using var member = await Member.StartAsync(new ClusterOptions());
        var (config, serialization) = (member.System.Settings.Config, member.System.Serialization);
        Assert.False(config.GetBoolean("akka.actor.serialization-settings.allow-unregistered-types"));
        Assert.ThrowsAny<Exception>(() => serialization.FindSerializerForType(typeof(Version)));
        Assert.ThrowsAny<Exception>(() => serialization.FindSerializerForType(typeof(WentLive)));
        Assert.All(
            typeof(IRemoteMessage).Assembly.GetTypes().Where(t => t is { IsClass: true } && typeof(IRemoteMessage).IsAssignableFrom(t)),
            t => Assert.IsType<RemoteMessageSerializer>(serialization.FindSerializerForType(t)));
        Assert.DoesNotContain("newtonsoft", config.GetConfig("akka.actor.serializers").ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("hyperion", config.GetConfig("akka.actor.serializers").ToString(), StringComparison.OrdinalIgnoreCase);
        // Neither by its number, as a message from elsewhere would name it.
        Assert.ThrowsAny<Exception>(() => serialization.Deserialize("\"a text\""u8.ToArray(), 1, typeof(string)));
    }

    [Fact]
    public async Task Alone_it_listens_on_this_machine_only_and_is_a_cluster_of_one()
    {
        await using var member = await Member.StartAsync(new ClusterOptions());
        var cluster = Akka.Cluster.Cluster.Get(member.System);
        Assert.Equal("127.0.0.1", cluster.SelfAddress.Host);
        Assert.NotEqual(0, cluster.SelfAddress.Port);
        var up = new TaskCompletionSource();
        cluster.RegisterOnMemberUp(up.SetResult);
        await up.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(cluster.SelfAddress, Assert.Single(cluster.State.Members).Address);
    }

    [Fact]
    public async Task The_reasons_stand_behind_each_value()
    {
        using var resource = typeof(ClusterOptions).Assembly.GetManifestResourceStream("cluster.conf")!;
        using var reader = new StreamReader(resource);
        var values = (await reader.ReadToEndAsync()).Split('\n').Where(line => line.Split('#')[0].Contains('=', StringComparison.Ordinal));
        Assert.All(values, line => Assert.Contains("# ", line, StringComparison.Ordinal));
    }
}
