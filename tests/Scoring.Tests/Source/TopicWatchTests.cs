using System.Diagnostics.Metrics;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Source;
using Scoring.Kafka;

namespace Scoring.Tests.Source;

public sealed class TopicWatchTests : IAsyncDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeTopics topics = new();
    private readonly Dictionary<string, string> noted = [];
    private readonly List<TopicChange> found = [];
    private readonly TopicWatch watch;

    public TopicWatchTests() => watch = new TopicWatch(
        topics,
        (topic, id, _) => Task.FromResult(noted.TryAdd(topic, id) ? id : noted[topic]),
        new WatchedTopics("transactions", 4, ["labels", "pos"]),
        found.Add,
        TaskScheduler.Default,
        TimeProvider.System,
        services.GetRequiredService<IMeterFactory>(),
        NullLogger<TopicWatch>.Instance);

    public async ValueTask DisposeAsync()
    {
        await watch.DisposeAsync();
        await services.DisposeAsync();
    }

    [Fact]
    public async Task Topics_that_stay_as_they_are_are_no_problem()
    {
        for (var looks = 0; looks < 12; looks++)
            await watch.LookAsync(default);
        Assert.Empty(watch.Problems);
        Assert.Empty(found);
        Assert.Equal(["labels", "pos", "transactions"], noted.Keys.Order());
    }

    [Fact]
    public async Task Partitions_that_are_added_are_told_at_the_next_look_and_once()
    {
        await watch.LookAsync(default);
        topics.Partitions = 6;
        await watch.LookAsync(default);
        await watch.LookAsync(default);
        var change = Assert.Single(found);
        Assert.Equal(("transactions", "partition_count"), (change.Topic, change.Code));
        Assert.Contains("transactions has 6 partitions, and the state is made for 4 (partition_count)", Assert.Single(watch.Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("labels", "so its records would be taken for repeats and are not relayed")]
    [InlineData("transactions", "give the node a state of its own (Scoring:State)")]
    public async Task A_topic_that_was_made_anew_is_told_by_its_id(string topic, string consequence)
    {
        await watch.CheckIdsAsync(default);
        topics.Ids[topic] = "id-new";
        for (var looks = 0; looks < 6; looks++)
            await watch.LookAsync(default);
        var change = Assert.Single(found);
        Assert.Equal((topic, "topic_remade"), (change.Topic, change.Code));
        Assert.StartsWith($"{topic} was made anew (topic_remade): its id is id-new", change.Why, StringComparison.Ordinal);
        Assert.Contains(consequence, Assert.Single(watch.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_that_was_made_anew_while_no_node_ran_is_told_by_the_id_that_was_noted()
    {
        noted["labels"] = "id-before";
        await watch.CheckIdsAsync(default);
        Assert.Equal("labels", Assert.Single(found).Topic);
    }

    [Fact]
    public async Task Brokers_that_are_away_or_tell_no_ids_are_no_problem_and_are_asked_again()
    {
        topics.Failure = new KafkaException(new Error(ErrorCode.Local_AllBrokersDown));
        await watch.LookAsync(default);
        await watch.LookAsync(default);
        Assert.Empty(watch.Problems);
        topics.Failure = null;
        topics.Partitions = 5;
        await watch.LookAsync(default);
        Assert.Single(watch.Problems);
    }

    [Fact]
    public async Task A_topic_that_the_brokers_do_not_know_now_is_no_change()
    {
        topics.Partitions = null;
        await watch.LookAsync(default);
        Assert.Empty(watch.Problems);
    }

    private sealed class FakeTopics : ITopicFacts
    {
        public int? Partitions { get; set; } = 4;

        public Dictionary<string, string> Ids { get; } = new() { ["transactions"] = "id-t", ["labels"] = "id-l", ["pos"] = "id-p" };

        public Exception? Failure { get; set; }

        public int? PartitionsOf(string topic) => Failure is null ? Partitions : throw Failure;

        public Task<IReadOnlyDictionary<string, string>> IdsOfAsync(IReadOnlyCollection<string> topics) =>
            Failure is null ? Task.FromResult<IReadOnlyDictionary<string, string>>(Ids.Where(i => topics.Contains(i.Key)).ToDictionary()) : Task.FromException<IReadOnlyDictionary<string, string>>(Failure);
    }
}
