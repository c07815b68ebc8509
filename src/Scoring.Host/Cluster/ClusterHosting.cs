using Akka.Actor;
using Akka.Cluster.Hosting;
using Akka.Cluster.Hosting.SBR;
using Akka.Discovery.Config.Hosting;
using Akka.Hosting;
using Akka.Management.Cluster.Bootstrap;
using Akka.Remote.Hosting;
using Scoring.Actors.Messages;
using Scoring.Actors.Parts;
using Scoring.Actors.Partitions;
using Scoring.Actors.Relay;
using Scoring.Actors.Replies;
using Scoring.Actors.Snapshots;
using Scoring.Actors.State;

namespace Scoring.Host.Cluster;

/// <summary>The actor system of a node, as the list of its features.</summary>
internal static class ClusterHosting
{
    /// <summary>The name of the actor system; members of one cluster have the same.</summary>
    internal const string SystemName = "scoring";

    /// <summary>Configures the actor system as a member of a cluster.</summary>
    /// <param name="builder">The actor system's builder.</param>
    /// <param name="options">The options.</param>
    /// <param name="version">The version of the program, by which members tell that a roll-out is under way.</param>
    /// <param name="relays">Whether it takes its share of the relaying.</param>
    internal static AkkaConfigurationBuilder WithScoringMember(this AkkaConfigurationBuilder builder, ClusterOptions options, string version, bool relays = true) => builder
        .WithHostLogging()
        .WithMemberRemoting(options)
        .WithMembership(options, version, relays)
        .WithDiscovery(options)
        .WithRemoteMessages()
        // Last: what is prepended later stands before.
        .AddHocon(ClusterConfiguration.Read(options.Members), HoconAddMode.Prepend);

    /// <summary>Sends what Akka logs to the host's log.</summary>
    /// <param name="builder">The actor system's builder.</param>
    internal static AkkaConfigurationBuilder WithHostLogging(this AkkaConfigurationBuilder builder) => builder.ConfigureLoggers(loggers =>
    {
        loggers.LogLevel = Akka.Event.LogLevel.InfoLevel;
        loggers.ClearLoggers();
        loggers.AddLoggerFactory();
    });

    /// <summary>Listens for other members; with certificates by TLS, on both sides.</summary>
    /// <param name="builder">The actor system's builder.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="Options.OptionsException">A certificate can't be read.</exception>
    internal static AkkaConfigurationBuilder WithMemberRemoting(this AkkaConfigurationBuilder builder, ClusterOptions options)
    {
        var remoting = new RemoteOptions { HostName = options.Hostname, Port = options.Port, PublicHostName = options.PublicHostname.Length > 0 ? options.PublicHostname : options.Hostname };
        if (options.HasTls)
            (remoting.EnableSsl, remoting.Ssl) = (true, ClusterTls.Read(options));
        return builder.WithRemoting(remoting);
    }

    /// <summary>Makes it a member: its role, its version, and how a split is decided.</summary>
    /// <param name="builder">The actor system's builder.</param>
    /// <param name="options">The options.</param>
    /// <param name="version">The version of the program.</param>
    /// <param name="relays">Whether it takes its share of the relaying.</param>
    internal static AkkaConfigurationBuilder WithMembership(this AkkaConfigurationBuilder builder, ClusterOptions options, string version, bool relays = true)
    {
        ArgumentNullException.ThrowIfNull(options);
        return builder.WithClustering(new Akka.Cluster.Hosting.ClusterOptions
        {
            // A region is led by the oldest member of its role, so who relays nothing must not have the relay's.
            Roles = relays ? [PartitionRegion.ScorerRole, RelayServices.Role] : [PartitionRegion.ScorerRole],
            AppVersion = version,
            SplitBrainResolver = new KeepMajorityOption { Role = PartitionRegion.ScorerRole },
        });
    }

    /// <summary>Finds the other members; alone, it joins itself.</summary>
    /// <param name="builder">The actor system's builder.</param>
    /// <param name="options">The options.</param>
    internal static AkkaConfigurationBuilder WithDiscovery(this AkkaConfigurationBuilder builder, ClusterOptions options) => options.Discovery switch
    {
        ClusterDiscovery.ContactPoints => builder.WithBootstrap(options, portName: null).WithConfigDiscovery(new ConfigServiceDiscoveryOptions
        {
            Services = [new Service { Name = SystemName, Endpoints = [.. options.ContactPoints] }],
        }),
        ClusterDiscovery.Kubernetes => builder.WithBootstrap(options, options.PodPortName).AddHocon(KubernetesPods.Configuration(options), HoconAddMode.Prepend),
        _ => builder.AddStartup(static (system, _) =>
        {
            var cluster = Akka.Cluster.Cluster.Get(system);
            cluster.Join(cluster.SelfAddress);
        }),
    };

    /// <summary>Writes what goes between nodes by hand, and nothing else.</summary>
    /// <param name="builder">The actor system's builder.</param>
    internal static AkkaConfigurationBuilder WithRemoteMessages(this AkkaConfigurationBuilder builder) => builder
        .WithStrictSerialization()
        .WithCustomSerializer("scoring", [typeof(IRemoteMessage)], static system => new RemoteMessageSerializer(system));

    /// <summary>Adds the snapshot store, which state goes through.</summary>
    /// <param name="builder">The actor system's builder.</param>
    /// <param name="services">Where the options and the clock are.</param>
    /// <exception cref="Options.OptionsException">Its file can't be opened, made or written.</exception>
    internal static AkkaConfigurationBuilder WithSnapshots(this AkkaConfigurationBuilder builder, IServiceProvider services)
    {
        var options = services.OptionsOf<StateOptions>();
        Options.NodePaths.CheckState(options);
        return builder
            .AddSetup(services.GetRequiredService<SnapshotStoreSetup>())
            .AddHocon(PartitionServices.Configuration(options), HoconAddMode.Prepend);
    }

    /// <summary>Adds who takes what other members tell the calls that wait here.</summary>
    /// <param name="builder">The actor system's builder.</param>
    /// <param name="services">Where the calls are.</param>
    internal static AkkaConfigurationBuilder WithReplies(this AkkaConfigurationBuilder builder, IServiceProvider services) => builder.WithActors((system, _) =>
        system.ActorOf(ReplyActor.Props(services.GetRequiredService<IWaitingCalls>(), services.GetRequiredService<ReplyMetrics>()), ReplyActor.Name));

    // It is started once the host answers on the management port (ContactPointEndpoint): Akka.Management's own HTTP server was built against a
    // Ceen.Httpd that is not served any more, and fails with the next one.
    private static AkkaConfigurationBuilder WithBootstrap(this AkkaConfigurationBuilder builder, ClusterOptions options, string? portName) => builder
        .WithClusterBootstrap(
            bootstrap =>
            {
                bootstrap.ContactPointDiscovery.ServiceName = SystemName;
                bootstrap.ContactPointDiscovery.PortName = portName;
                bootstrap.ContactPointDiscovery.RequiredContactPointsNr = options.RequiredContactPoints;
                // A member that is not up yet must not keep the others from beginning.
                bootstrap.ContactPointDiscovery.ContactWithAllContactPoints = false;
                // Contact points may be on one machine, by ports of their own.
                bootstrap.ContactPoint.FilterOnFallbackPort = false;
            },
            autoStart: false);
}
