using System.Globalization;
using System.Text;
using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Relay;
using Scoring.IntegrationTests.State;
using Scoring.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests.Relay;

/// <summary>The owners of relayed partitions on the embedded broker, each with a probe in its partition's place.</summary>
public sealed class RelayOwnerTests : TestKit, IAsyncLifetime
{
    private const int Partitions = 2;
    private const int Count = 300;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly TestBroker broker = new(Partitions);
    private readonly TestClient client;
    private readonly TestMeters meters = new();
    private readonly RelayProgress progress = new();
    private readonly List<IAsyncDisposable> nodes = [];
    private readonly TopicPartition[] relayed;
    private long generations;

    public RelayOwnerTests()
        : base("akka.loglevel = WARNING")
    {
        client = new TestClient(broker);
        relayed = [.. new[] { Labels, broker.Prefix + "interactions" }.SelectMany(topic => Enumerable.Range(0, Partitions).Select(p => new TopicPartition(topic, p)))];
    }

    private string Labels => broker.Prefix + "labels";

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await Sys.Terminate();
        foreach (var node in nodes)
            await node.DisposeAsync();
        meters.Dispose();
        client.Dispose();
        broker.Dispose();
    }

    [Fact]
    public async Task Each_record_is_relayed_once_under_its_user_through_hand_overs_between_two_nodes()
    {
        Node[] both = [Start(), Start()];
        for (var round = 0; round < 3; round++)
        {
            Send(round * Count, (round + 1) * Count);
            var owners = Enumerable.Range(0, relayed.Length).Select(e => Own(both[round % 2], e)).ToList();
            foreach (var owner in owners)
                await owner.Probe.ExpectMsgAsync<WentLive>(Patience);
            if (round == 2)
                await Eventually.TrueAsync(() => Task.FromResult(client.Read("transactions", 6 * Count).Count >= 6 * Count), "all is relayed");
            // Before the last round in the middle of the work, if need be of none.
            foreach (var owner in owners)
                owner.Actor.Tell(Drain.Instance);
            foreach (var owner in owners)
                await owner.Probe.ExpectMsgAsync<GaveBack>(Patience);
        }

        var copies = client.Read("transactions", 6 * Count).ConvertAll(Copy.Of);
        Assert.Equal(6 * Count, copies.Count);
        Assert.Equal(6 * Count, copies.Select(c => (c.Topic, c.Partition, c.Offset)).Distinct().Count());
        Assert.All(copies, c => Assert.Equal(c.Topic == Labels ? RecordKinds.Label : RecordKinds.Interaction, c.Kind));
        Assert.All(copies, c => Assert.Contains($"\"userId\":\"{c.Key}\"", c.Value, StringComparison.Ordinal));
        AssertFirstCopiesStandInOrder(copies);
    }

    [Fact]
    public async Task A_take_over_from_an_owner_that_did_not_commit_repeats_in_order_and_loses_nothing()
    {
        Send(0, Count);
        var first = Own(Start(o => o with { CommitInterval = TimeSpan.FromMinutes(10) }), 0);
        await first.Probe.ExpectMsgAsync<WentLive>(Patience);
        Assert.NotEmpty(client.Read("transactions", Count / 4));
        // Nobody drains a node that dies, and its last commit may not have come.
        Sys.Stop(first.Actor);
        var second = Start();
        var owners = Enumerable.Range(0, relayed.Length).Select(e => Own(second, e)).ToList();
        foreach (var owner in owners)
            await owner.Probe.ExpectMsgAsync<WentLive>(Patience);

        var copies = new List<Copy>();
        await Eventually.TrueAsync(
            () =>
            {
                copies = client.Read("transactions", 2 * Count).ConvertAll(Copy.Of);
                return copies.Select(c => (c.Topic, c.Partition, c.Offset)).Distinct().Count() == 2 * Count;
            },
            "each record is relayed");
        AssertFirstCopiesStandInOrder(copies);
    }

    [Fact]
    public async Task What_cannot_be_read_is_a_dead_letter_without_its_value_if_need_be_and_what_is_behind_it_goes_on()
    {
        var node = Start(maxLetterBytes: 40_000);
        client.SendTo("labels", KeyOf(0), "junk");
        client.SendTo("labels", KeyOf(0), new string('x', 50_000));
        client.SendTo("labels", KeyOf(0), Label(1));
        client.Flush();
        var owner = Own(node, 0);
        await owner.Probe.ExpectMsgAsync<WentLive>(Patience);

        Assert.Equal("u-1", Encoding.UTF8.GetString(Assert.Single(client.Read("transactions", 1)).Message.Key!));
        var dead = client.Read("transactions.dlq", 2).OrderBy(d => Header(d, RecordHeaders.OriginOffset)).ToList();
        Assert.Equal(["not_json", "too_large"], dead.Select(d => Header(d, RecordHeaders.Reason)));
        Assert.Equal("junk", Encoding.UTF8.GetString(dead[0].Message.Value!));
        Assert.Null(dead[1].Message.Value);
        Assert.NotEmpty(Header(dead[1], RecordHeaders.ValueOmitted));
        await Eventually.TrueAsync(async () => await node.Consumer.CommittedAsync(relayed[0]) == 3, "all is committed");
    }

    [EmbeddedBrokerFact]
    public async Task A_partition_that_lacks_what_comes_next_stands_still_and_says_so_until_it_leaves_the_node()
    {
        using var lost = new CounterReading(meters, "scoring.relay.lost");
        var node = Start();
        client.SendTo("labels", KeyOf(0), Label(1));
        client.Flush();
        await node.Consumer.CommitAsync(new TopicPartitionOffset(relayed[0], 0));
        for (var i = 2; i < 20; i++)
            client.SendTo("labels", KeyOf(0), Label(i));
        client.Flush();
        broker.Embedded.Trim(Labels, 0, 10);

        var owner = Own(node, 0);
        var down = await owner.Probe.ExpectMsgAsync<WentDown>(Patience);
        Assert.Equal("state_log_gap", down.Code);
        Assert.Contains("10 records from offset 0 on left it before they were read. Set the offset of group", down.Why, StringComparison.Ordinal);
        Assert.Equal($"not relayed: {down.Why}", Assert.Single(progress.Problems));
        Assert.Equal(10, lost.Total);
        Assert.Equal(0, await node.Consumer.CommittedAsync(relayed[0]));

        Watch(owner.Actor);
        Sys.Stop(owner.Probe.Ref);
        await ExpectTerminatedAsync(owner.Actor, Patience);
        Assert.Empty(progress.Problems);
    }

    [Fact]
    public async Task A_partition_that_was_never_relayed_starts_at_its_end_and_has_that_committed()
    {
        client.SendTo("labels", KeyOf(0), Label(1));
        client.Flush();
        var node = Start(startsAtOldest: false);
        var owner = Own(node, 0);
        await owner.Probe.ExpectMsgAsync<WentLive>(Patience);
        owner.Actor.Tell(Drain.Instance);
        await owner.Probe.ExpectMsgAsync<GaveBack>(Patience);
        Assert.Equal(1, await node.Consumer.CommittedAsync(relayed[0]));

        // What comes while nobody relays is not passed over.
        client.SendTo("labels", KeyOf(0), Label(2));
        client.Flush();
        await Own(node, 0).Probe.ExpectMsgAsync<WentLive>(Patience);
        Assert.Contains("t-2", Copy.Of(Assert.Single(client.Read("transactions", 1))).Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_that_was_replaced_or_has_too_few_partitions_is_not_relayed()
    {
        var node = Start();
        progress.Stop(Labels, "made anew");
        var replaced = await Own(node, 0).Probe.ExpectMsgAsync<WentDown>(Patience);
        Assert.Equal(("topic_replaced", "made anew"), (replaced.Code, replaced.Why));
        var missing = CreateTestProbe();
        Sys.ActorOf(node.Owners.Owner(new TopicPartition(broker.Prefix + "interactions", Partitions), 1, missing));
        Assert.Equal("partition_count", (await missing.ExpectMsgAsync<WentDown>(Patience)).Code);
    }

    [Fact]
    public async Task A_topic_that_does_not_exist_is_a_loss_that_passes()
    {
        var node = Start(lookupDeadline: TimeSpan.FromSeconds(1));
        var probe = CreateTestProbe();
        Sys.ActorOf(node.Owners.Owner(new TopicPartition(broker.Prefix + "none", 0), 7, probe));
        var lost = await probe.ExpectMsgAsync<Lost>(Patience);
        Assert.Equal((7, LossCause.Unavailable), (lost.Generation, lost.Cause));
    }

    [EmbeddedBrokerFact]
    public async Task A_broker_that_goes_away_is_waited_for()
    {
        var node = Start();
        var owner = Own(node, 0);
        await owner.Probe.ExpectMsgAsync<WentLive>(Patience);
        broker.Embedded.SetDown();
        await Eventually.TrueAsync(() => node.Consumer.State.Brokers.Condition == BrokerCondition.Lost, "the consumer has noticed");
        broker.Embedded.SetUp();
        for (var i = 0; i < 10; i++)
            client.SendTo("labels", KeyOf(0), Label(i));
        client.Flush();
        await Eventually.TrueAsync(async () => await node.Consumer.CommittedAsync(relayed[0]) == 10, "all is committed");
        Assert.Equal(10, client.Read("transactions", 10).Count);
        Assert.False(owner.Probe.HasMessages);

        owner.Actor.Tell(Drain.Instance);
        await owner.Probe.ExpectMsgAsync<GaveBack>(Patience);
        await Own(node, 0).Probe.ExpectMsgAsync<WentLive>(Patience);
    }

    private Node Start(Func<RelayOptions, RelayOptions>? configure = null, bool startsAtOldest = true, int maxLetterBytes = 1_000_000, TimeSpan? lookupDeadline = null)
    {
        var options = (configure ?? (static o => o))(new RelayOptions { FetchWait = TimeSpan.FromMilliseconds(2), CommitInterval = TimeSpan.FromMilliseconds(20) });
        var node = new Node(broker, options, startsAtOldest, maxLetterBytes, lookupDeadline ?? TimeSpan.FromSeconds(30), progress, meters);
        nodes.Add(node);
        return node;
    }

    private (IActorRef Actor, TestProbe Probe) Own(Node node, int entity)
    {
        var probe = CreateTestProbe();
        return (Sys.ActorOf(node.Owners.Owner(relayed[entity], ++generations, probe)), probe);
    }

    private static string KeyOf(int partition) => Kafka.ConnectorNode.KeyOf(partition, Partitions);

    private void Send(int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            client.SendTo("labels", $"any-{i % 13}", Label(i));
            client.SendTo("interactions", $"any-{i % 11}", $$"""{"interactionId":"i-{{i}}","userId":"u-{{i % 7}}","type":"login","eventTime":1772366400000}""");
        }

        client.Flush();
    }

    private static string Label(int i) => $$"""{"transactionId":"t-{{i}}","cardId":"c-{{i % 7}}","userId":"u-{{i % 7}}","label":true,"eventTime":1772366400000}""";

    // What a shard relies on when it passes over a record that is not above the highest offset it has applied.
    private static void AssertFirstCopiesStandInOrder(List<Copy> copies)
    {
        foreach (var stream in copies.GroupBy(c => (c.Shard, c.Topic, c.Partition)))
        {
            var offsets = stream.OrderBy(c => c.Place).Select(c => c.Offset).Distinct().ToList();
            Assert.Equal(offsets.Order(), offsets);
        }
    }

    private static string Header(ConsumeResult<byte[]?, byte[]?> record, string name) => Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes(name));

    private sealed record Copy(int Shard, long Place, string Topic, int Partition, long Offset, string Kind, string Key, string Value)
    {
        public static Copy Of(ConsumeResult<byte[]?, byte[]?> record)
        {
            var origin = Header(record, RecordHeaders.RelayedFrom).Split(':');
            return new Copy(
                record.Partition.Value,
                record.Offset.Value,
                origin[0],
                int.Parse(origin[1], CultureInfo.InvariantCulture),
                long.Parse(origin[2], CultureInfo.InvariantCulture),
                Header(record, RecordHeaders.Kind),
                Encoding.UTF8.GetString(record.Message.Key!),
                Encoding.UTF8.GetString(record.Message.Value!));
        }
    }

    /// <summary>A node as far as its relay goes.</summary>
    private sealed class Node : IAsyncDisposable
    {
        private readonly NodeProducer copies;
        private readonly NodeProducer letters;

        public Node(TestBroker broker, RelayOptions options, bool startsAtOldest, int maxLetterBytes, TimeSpan lookupDeadline, RelayProgress progress, TestMeters meters)
        {
            var group = new GroupOptions { BootstrapServers = broker.BootstrapServers, GroupId = broker.Group };
            var reading = RelayOwners.Reading(options, group) with { LookupDeadline = lookupDeadline, ProbeInterval = TimeSpan.FromMilliseconds(50) };
            var appending = RelayOwners.Appending(options, group);
            var turns = new ThreadTurns();
            var metrics = new ProducerMetrics(meters);
            var clients = new ConfluentClients(reading, appending, new TransactionSettings(), NullLogger<ConfluentClients>.Instance);
            Consumer = new NodeConsumer(reading, clients, turns, TimeProvider.System, meters, NullLogger<NodeConsumer>.Instance);
            Consumer.Start();
            copies = new NodeProducer(appending, clients, turns, TimeProvider.System, metrics, NullLogger<NodeProducer>.Instance);
            var burying = new ProducerSettings { BootstrapServers = broker.BootstrapServers, MaxRecordBytes = maxLetterBytes };
            var buriers = new ConfluentClients(reading, burying, new TransactionSettings(), NullLogger<ConfluentClients>.Instance);
            letters = new NodeProducer(burying, buriers, turns, TimeProvider.System, metrics, NullLogger<NodeProducer>.Instance);
            Owners = new RelayOwners(
                options, group, startsAtOldest, new Topics { Prefix = broker.Prefix }.Resolved(), new DecodeLimits(), Consumer, copies, letters, progress, TimeProvider.System, meters, NullLogger<RelayOwners>.Instance);
        }

        public NodeConsumer Consumer { get; }

        public RelayOwners Owners { get; }

        public async ValueTask DisposeAsync()
        {
            await Consumer.DisposeAsync();
            copies.Dispose();
            letters.Dispose();
        }
    }
}
