using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Host.Cluster;

namespace Scoring.Tests.Host.Cluster;

/// <summary>The actor system of a node by itself, with the configuration that a node gives it.</summary>
internal sealed class Member : IAsyncDisposable
{
    private readonly ServiceProvider services;

    private Member(ServiceProvider services, ActorSystem system)
    {
        this.services = services;
        System = system;
    }

    public ActorSystem System { get; }

    public static async Task<Member> StartAsync(ClusterOptions options, string? overrides = null)
    {
        var collection = new ServiceCollection().AddLogging(l => l.ClearProviders());
        collection.AddAkka(ClusterHosting.SystemName, builder =>
        {
            builder.WithScoringMember(options, "2.3.4");
            if (overrides is not null)
                builder.AddHocon(overrides, HoconAddMode.Prepend);
        });
        var services = collection.BuildServiceProvider();
        var starter = new AkkaHostedService(services.GetRequiredService<AkkaConfigurationBuilder>(), services, services.GetRequiredService<ILogger<AkkaHostedService>>(), null);
        await starter.StartAsync(CancellationToken.None);
        return new Member(services, services.GetRequiredService<ActorSystem>());
    }

    public async ValueTask DisposeAsync()
    {
        await CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClrExitReason.Instance);
        await services.DisposeAsync();
    }
}
