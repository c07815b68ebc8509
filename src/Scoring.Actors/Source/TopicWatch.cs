using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Telemetry;
using Scoring.Kafka;

namespace Scoring.Actors.Source;

/// <summary>What is watched.</summary>
/// <param name="Input">The input log's topic.</param>
/// <param name="Partitions">How many partitions it has, for which the state is made.</param>
/// <param name="Relayed">The topics that are relayed into it.</param>
public sealed record WatchedTopics(string Input, int Partitions, IReadOnlyList<string> Relayed);

/// <summary>A topic is no longer what the state is made of.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Code">What happened: <see cref="TopicWatch.PartitionCount"/> or <see cref="TopicWatch.TopicRemade"/>.</param>
/// <param name="Why">In words, and what to do.</param>
public sealed record TopicChange(string Topic, string Code, string Why);

/// <summary>
/// Looks now and then whether the topics are still those that the state is made of: partitions that are added move keys to where
/// their history is not, and the offsets of a topic that is made anew begin again below what is known of it. The clients
/// would go on either way. What is found stays until the node is started again.
/// </summary>
public sealed partial class TopicWatch : IAsyncDisposable
{
    /// <summary>The input log has another number of partitions.</summary>
    public const string PartitionCount = "partition_count";

    /// <summary>A topic was deleted and made anew under its name.</summary>
    public const string TopicRemade = "topic_remade";

    // Ids change by somebody's hand alone; partitions too, but of those the harm is done sooner.
    private const int LooksPerIds = 5;

    // Brokers that give no ids say so each time.
    private const int IdTries = 3;

    private readonly ITopicFacts facts;
    private readonly Func<string, string, CancellationToken, Task<string>> note;
    private readonly WatchedTopics topics;
    private readonly Action<TopicChange> found;
    private readonly TaskScheduler scheduler;
    private readonly TimeProvider time;
    private readonly ILogger<TopicWatch> logger;
    private readonly ConcurrentDictionary<(string Topic, string Code), string> changes = new();
    private readonly CancellationTokenSource stop = new();
    private Task loop = Task.CompletedTask;
    private int looks;
    private int idFailures;

    /// <summary>Makes the watch.</summary>
    /// <param name="facts">Asks the brokers.</param>
    /// <param name="note">Remembers a topic's id, and tells the one that it had first.</param>
    /// <param name="topics">What is watched.</param>
    /// <param name="found">Is told each change, once.</param>
    /// <param name="scheduler">Where it works.</param>
    /// <param name="time">Times the looks.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="logger">Where the changes are logged.</param>
    public TopicWatch(
        ITopicFacts facts,
        Func<string, string, CancellationToken, Task<string>> note,
        WatchedTopics topics,
        Action<TopicChange> found,
        TaskScheduler scheduler,
        TimeProvider time,
        IMeterFactory meters,
        ILogger<TopicWatch> logger)
    {
        ArgumentNullException.ThrowIfNull(meters);
        this.facts = facts;
        this.note = note;
        this.topics = topics;
        this.found = found;
        this.scheduler = scheduler;
        this.time = time;
        this.logger = logger;
        meters.Create(ScoringMeter.Name).CreateObservableGauge("scoring.topics.changed", () => changes.Count, "{topic}", "Topics that are no longer what the state is made of");
    }

    /// <summary>What was found, in words; empty if nothing.</summary>
    public IEnumerable<string> Problems => changes.OrderBy(c => c.Key).Select(c => c.Value);

    /// <summary>Looks from now on.</summary>
    /// <param name="interval">How often.</param>
    public void Start(TimeSpan interval) => loop = Task.Factory.StartNew(() => RunAsync(interval), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();

    /// <summary>Looks at the ids once.</summary>
    /// <param name="cancellation">Gives up.</param>
    public async Task CheckIdsAsync(CancellationToken cancellation)
    {
        if (idFailures >= IdTries)
            return;
        try
        {
            foreach (var (topic, id) in await facts.IdsOfAsync([topics.Input, .. topics.Relayed]))
            {
                if (await note(topic, id, cancellation) is var first && first != id)
                    Found(Remade(topic, first, id));
            }

            idFailures = 0;
        }
#pragma warning disable CA1031 // A broker that tells no ids, a database without the right to keep them: the node works without.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            if (++idFailures == IdTries)
                LogNoIds(e.Message);
        }
    }

    /// <summary>Looks once.</summary>
    /// <param name="cancellation">Gives up.</param>
    public async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            var partitions = await Task.Factory.StartNew(() => facts.PartitionsOf(topics.Input), cancellation, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, scheduler);
            if (partitions is { } now && now != topics.Partitions)
                Found(Repartitioned(now));
        }
        catch (KafkaException e)
        {
            LogNoAnswer(e.Error.Reason);
        }

        if (looks++ % LooksPerIds == 0)
            await CheckIdsAsync(cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        stop.Dispose();
    }

    private async Task RunAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
                await LookAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private void Found(TopicChange change)
    {
        if (!changes.TryAdd((change.Topic, change.Code), change.Why))
            return;
        LogChanged(change.Code, change.Why);
        found(change);
    }

    private TopicChange Repartitioned(int now) => new(topics.Input, PartitionCount,
        $"{topics.Input} has {now} partitions, and the state is made for {topics.Partitions} ({PartitionCount}): keys lie in other partitions now than their history. "
        + $"Nothing is read until the node has a topic of {topics.Partitions} partitions again, or a state that `scoring bootstrap` made for {now}");

    private TopicChange Remade(string topic, string first, string id) => new(topic, TopicRemade, topic == topics.Input
        ? $"{topic} was made anew ({TopicRemade}): its id is {id}, and the state is made of {first}. Its offsets mean other records now; give the node a state of its own (Scoring:State)"
        : $"{topic} was made anew ({TopicRemade}): its id is {id} and was {first}. Its offsets begin again below those that the shards know, so its records would be taken for repeats and are not relayed; relay a topic of another name instead");

    [LoggerMessage(Level = LogLevel.Critical, Message = "A topic is no longer what it was ({Code}): {Why}")]
    private partial void LogChanged(string code, string why);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The brokers did not tell the partitions of the input log ({Reason}); they are asked again")]
    private partial void LogNoAnswer(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Whether a topic was made anew under its name can't be told by its id here ({Reason})")]
    private partial void LogNoIds(string reason);
}
