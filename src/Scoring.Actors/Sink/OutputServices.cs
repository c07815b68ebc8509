using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;

namespace Scoring.Actors.Sink;

/// <summary>Registers the log of outputs.</summary>
public static class OutputServices
{
    /// <summary>Adds the log that the shards, HTTP and the relay's dead letters append to.</summary>
    /// <param name="services">The services.</param>
    public static IServiceCollection AddScoringOutputs(this IServiceCollection services) => services
        .AddSingleton(static p => new KafkaOutputLog(p.OptionsOf<KafkaOutputOptions>(), p.GetRequiredService<IMeterFactory>(), p.GetRequiredService<ILogger<KafkaOutputLog>>()))
        .AddNodePart(static p =>
        {
            var log = p.GetRequiredService<KafkaOutputLog>();
            return new NodePart(StopPhase.Outputs) { StopAsync = StopSteps.Of(log.Stop) };
        });
}
