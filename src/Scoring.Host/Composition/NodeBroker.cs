using Microsoft.Extensions.Options;
using Scoring.Actors.Log;
using Scoring.Actors.State;
using Scoring.Host.Options;
using Scoring.Kafka;

namespace Scoring.Host.Composition;

/// <summary>The broker inside the process, where no Kafka is named. Every client takes its options by way of it, so that it is made before them and closed after them.</summary>
internal sealed class NodeBroker : IDisposable
{
    private static readonly TimeSpan RelayFetchWait = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(2);

    private readonly EmbeddedBroker? broker;

    /// <summary>Starts the broker if one is wanted.</summary>
    /// <param name="options">The options.</param>
    /// <param name="topics">The topics that it has.</param>
    public NodeBroker(IOptions<ScoringOptions> options, Topics topics)
    {
        if (options.Value.Kafka.BootstrapServers.Length > 0)
            return;
        broker = EmbeddedBroker.Start(new EmbeddedBrokerOptions
        {
            Partitions = options.Value.Kafka.EmbeddedPartitions,
            Topics = [.. topics.All, .. options.Value.Relay.TransactionTopics],
        });
    }

    /// <summary>Whether the broker is inside.</summary>
    internal bool IsInside => broker is not null;

    /// <inheritdoc/>
    public void Dispose() => broker?.Dispose();

    /// <summary>The options as they are with this broker.</summary>
    /// <param name="options">The options as they were configured.</param>
    internal ScoringOptions Apply(ScoringOptions options) => broker is null ? options : options with
    {
        // It answers a fetch without data only after the wait, and keeps little.
        Source = options.Source with
        {
            BootstrapServers = broker.BootstrapServers,
            FetchWait = TimeSpan.FromMilliseconds(2),
        },
        // What is relayed is seldom and not urgent; each further fetch a second would cost the scorer's processor.
        Relay = options.Relay with { FetchWait = RelayFetchWait },
        State = options.State with { CheckpointBytes = Math.Min(options.State.CheckpointBytes, StateOptions.EmbeddedCheckpointBytes) },
        // It also walks a partition's batches one by one to find where a fetch begins: fewer, larger ones spare it most.
        Output = options.Output with { BootstrapServers = broker.BootstrapServers, Linger = Linger },
    };
}
