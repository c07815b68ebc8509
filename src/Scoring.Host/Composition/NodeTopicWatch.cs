using System.Diagnostics.Metrics;
using Scoring.Actors.Log;
using Scoring.Actors.Parts;
using Scoring.Actors.Partitions;
using Scoring.Actors.Relay;
using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Kafka;

namespace Scoring.Host.Composition;

/// <summary>
/// Watches the topics of a Kafka elsewhere. One of which records were relayed may have been made anew since then, which has to be known
/// before the first is relayed; a broker that does not tell in time is asked again later. The broker inside is as new as the node.
/// </summary>
/// <param name="broker">The broker inside, if there is one.</param>
/// <param name="options">The options.</param>
/// <param name="topics">The topics.</param>
/// <param name="engine">Stops reading where the input log has changed.</param>
/// <param name="relay">Stops relaying a topic that has changed.</param>
/// <param name="ids">Remembers the topics' ids.</param>
/// <param name="scheduler">Where the watch works.</param>
/// <param name="time">Times the looks.</param>
/// <param name="meters">Where its metrics are counted.</param>
/// <param name="logger">Where changes are logged.</param>
internal sealed class NodeTopicWatch(
    NodeBroker broker,
    NodeOptions options,
    Topics topics,
    IShardEngine engine,
    RelayProgress relay,
    ITopicIds ids,
    TaskScheduler scheduler,
    TimeProvider time,
    IMeterFactory meters,
    ILogger<TopicWatch> logger) : IAsyncDisposable
{
    // Also how long the relay waits at its start for brokers that tell no topic ids.
    private static readonly TimeSpan TopicTimeout = TimeSpan.FromSeconds(1);

    private TopicWatch? watch;
    private KafkaTopics? facts;

    /// <summary>What was found, in words; empty if nothing.</summary>
    internal IEnumerable<string> Problems => watch?.Problems ?? [];

    /// <summary>Looks at the ids, and at all from now on.</summary>
    /// <param name="cancellation">Gives up.</param>
    internal async Task StartAsync(CancellationToken cancellation)
    {
        if (broker.IsInside)
            return;
        var configured = options.Value;
        facts = new KafkaTopics(configured.Source.BootstrapServers, configured.Source.Client, TopicTimeout);
        watch = new TopicWatch(
            facts,
            ids.NoteTopicAsync,
            new WatchedTopics(topics.Transactions, engine.InputPartitions!.Value, configured.Relay.Enabled ? [topics.Labels, topics.Interactions, .. configured.Relay.TransactionTopics] : []),
            Changed,
            scheduler,
            time,
            meters,
            logger);
        await watch.CheckIdsAsync(cancellation);
        watch.Start(configured.Kafka.WatchInterval);
    }

    /// <summary>Looks no more, and asks the brokers nothing more.</summary>
    internal Task StopAsync()
    {
        var (looking, asked) = (Interlocked.Exchange(ref watch, null), Interlocked.Exchange(ref facts, null));
        return StopSteps.RunAsync(() => looking?.DisposeAsync().AsTask() ?? Task.CompletedTask, StopSteps.Of(() => asked?.Dispose()));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(StopAsync());

    private void Changed(TopicChange change)
    {
        if (change.Topic == topics.Transactions)
            engine.Halt(change.Code);
        else
            relay.Stop(change.Topic, change.Why);
    }
}
