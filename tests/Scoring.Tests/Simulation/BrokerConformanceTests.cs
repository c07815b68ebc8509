using System.Text;
using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Tests.Simulation;

/// <summary>
/// What the service relies on of a broker and its clients. The simulation's pass the same tests as librdkafka's on the embedded broker, and on
/// a real one where SCORING_TEST_KAFKA=host:port names it: so what the simulation proves holds outside of it.
/// </summary>
public sealed class BrokerConformanceTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    public static TheoryData<string> Brokers
    {
        get
        {
            var brokers = new TheoryData<string> { "simulated", "embedded" };
            if (Environment.GetEnvironmentVariable(KafkaTestBroker.AddressVariable) is { Length: > 0 })
                brokers.Add("real");
            return brokers;
        }
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void Records_come_in_order_as_they_were_appended_and_then_the_end(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(1);
        Append(broker, topic, 0, 5);
        using var consumer = broker.Clients().Consumer();
        consumer.Assign(new TopicPartition(topic, 0), 0);

        var found = Take(broker, consumer, 6);

        Assert.All(found[..5], f => Assert.Equal((ConsumerEventKind.Record, topic, 0), (f.Kind, f.Topic, f.Partition)));
        Assert.Equal([0, 1, 2, 3, 4], found[..5].Select(f => f.Record.Offset));
        Assert.Equal(["v0", "v1", "v2", "v3", "v4"], found[..5].Select(f => Encoding.UTF8.GetString(f.Record.Value!)));
        Assert.All(found[..5], f => Assert.Equal("key", Encoding.UTF8.GetString(f.Record.Key!)));
        Assert.All(found[..5], f => Assert.Equal("label", Encoding.UTF8.GetString(f.Record.Headers!.GetLastBytes("kind"))));
        Assert.Equal((ConsumerEventKind.End, 5), (found[5].Kind, found[5].Offset));
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void An_offset_is_committed_by_whoever_says_so_and_may_be_set_back(string kind)
    {
        using var broker = Broker(kind);
        var place = new TopicPartition(broker.CreateTopic(1), 0);
        var (one, other) = (broker.Clients(), broker.Clients());
        using var first = one.Offsets();
        using var second = other.Offsets();
        broker.Until(() => Answers(() => broker.Ask(one, () => first.StableCommitted(place, Timeout)), out var none) && none is null);

        Commit(broker, one, first, place, 3);
        Assert.Equal(3, broker.Ask(other, () => second.StableCommitted(place, Timeout)));
        Commit(broker, other, second, place, 2);
        Assert.Equal(2, broker.Ask(one, () => first.StableCommitted(place, Timeout)));
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_paused_partition_gives_nothing_and_goes_on_where_it_stopped(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(2);
        Append(broker, topic, 0, 3);
        Append(broker, topic, 1, 3);
        using var consumer = broker.Clients().Consumer();
        consumer.Assign(new TopicPartition(topic, 0), 0);
        consumer.Assign(new TopicPartition(topic, 1), 0);
        var first = Records(broker, consumer, 1)[0];
        var paused = new TopicPartition(topic, first.Partition);
        consumer.Pause(paused);

        var others = Records(broker, consumer, 3);
        consumer.Resume(paused);
        var rest = Records(broker, consumer, 2);

        Assert.All(others, r => Assert.Equal(1 - first.Partition, r.Partition));
        Assert.Equal([(first.Partition, 1L), (first.Partition, 2L)], rest.Select(r => (r.Partition, r.Record.Offset)));
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_partition_that_was_taken_away_gives_nothing_and_can_be_assigned_again_elsewhere(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(2);
        Append(broker, topic, 0, 4);
        Append(broker, topic, 1, 4);
        using var consumer = broker.Clients().Consumer();
        consumer.Assign(new TopicPartition(topic, 0), 0);
        Records(broker, consumer, 2);

        consumer.Unassign(new TopicPartition(topic, 0));
        consumer.Assign(new TopicPartition(topic, 1), 1);
        Assert.Equal([(1, 1L), (1, 2L), (1, 3L)], Records(broker, consumer, 3).Select(r => (r.Partition, r.Record.Offset)));
        consumer.Assign(new TopicPartition(topic, 0), 3);
        Assert.Equal([(0, 3L)], Records(broker, consumer, 1).Select(r => (r.Partition, r.Record.Offset)));
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_position_outside_the_log_is_a_gap_of_that_partition(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(2);
        Append(broker, topic, 0, 2);
        Append(broker, topic, 1, 2);
        using var consumer = broker.Clients().Consumer();
        consumer.Assign(new TopicPartition(topic, 0), 0);
        consumer.Assign(new TopicPartition(topic, 1), 9);

        var found = new List<ConsumerEvent>();
        broker.Until(() =>
        {
            if (consumer.Poll(TimeSpan.FromMilliseconds(20), out var next))
                found.Add(next);
            return found.Exists(f => f.Kind == ConsumerEventKind.Gap) && found.Count(f => f.Kind == ConsumerEventKind.Record) == 2;
        });

        Assert.Equal(1, found.Find(f => f.Kind == ConsumerEventKind.Gap).Partition);
        Assert.All(found.Where(f => f.Kind == ConsumerEventKind.Record), f => Assert.Equal(0, f.Partition));
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void The_brokers_tell_how_far_a_partition_reaches_and_what_a_topic_is(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(3);
        Append(broker, topic, 1, 4);
        var clients = broker.Clients();
        using var offsets = clients.Offsets();

        Assert.Equal(new LogBounds(0, 4), broker.Ask(clients, () => offsets.Bounds(new TopicPartition(topic, 1), Timeout)));
        Assert.Equal(new LogBounds(0, 0), broker.Ask(clients, () => offsets.Bounds(new TopicPartition(topic, 0), Timeout)));
        var facts = broker.Ask(clients, () => offsets.Describe(topic, Timeout));
        Assert.Equal((topic, 3), (facts.Topic, facts.Partitions));
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void Equal_keys_go_to_one_partition_and_each_append_is_told_once(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(8);
        using var producer = broker.Clients().Producer(static _ => { });
        var observer = new Counting();
        for (var i = 0; i < 20; i++)
            Assert.True(producer.TryProduce(new ProducerRecord(topic, Encoding.UTF8.GetBytes($"user-{i % 2}"), [(byte)i]), observer));
        broker.Until(() => observer.Acknowledged == 20);

        using var consumer = broker.Clients().Consumer();
        for (var partition = 0; partition < 8; partition++)
            consumer.Assign(new TopicPartition(topic, partition), 0);
        var records = Records(broker, consumer, 20);

        foreach (var its in records.GroupBy(r => Encoding.UTF8.GetString(r.Record.Key!)))
        {
            Assert.Single(its.Select(r => r.Partition).Distinct());
            Assert.Equal(its.Select(r => r.Record.Value![0]).Order(), its.Select(r => r.Record.Value![0]));
        }

        Assert.Null(observer.Failure);
    }

    private static ITestBroker Broker(string kind) => kind switch
    {
        "simulated" => new SimulatedTestBroker(),
        "embedded" => new KafkaTestBroker(null),
        _ => new KafkaTestBroker(Environment.GetEnvironmentVariable(KafkaTestBroker.AddressVariable)),
    };

    private static void Append(ITestBroker broker, string topic, int partition, int count)
    {
        using var producer = broker.Clients().Producer(static _ => { });
        var observer = new Counting();
        for (var i = 0; i < count; i++)
            Assert.True(producer.TryProduce(new ProducerRecord(topic, "key"u8.ToArray(), Encoding.UTF8.GetBytes($"v{i}"), new Headers { { "kind", "label"u8.ToArray() } }, partition), observer));
        broker.Until(() => observer.Acknowledged == count);
    }

    // A coordinator that was just made may not be there yet.
    private static void Commit(ITestBroker broker, IKafkaClients clients, IOffsetClient client, TopicPartition place, long offset) =>
        broker.Until(() => Answers(() => broker.Ask(clients, () => client.Commit([new TopicPartitionOffset(place, offset)])), out var failures) && failures!.All(f => f is null));

    private static bool Answers<T>(Func<T> question, out T? answer)
    {
        answer = default;
        try
        {
            answer = question();
            return true;
        }
        catch (KafkaCallException e) when (e.Failure.Class == FailureClass.Retriable)
        {
            return false;
        }
    }

    private static List<ConsumerEvent> Records(ITestBroker broker, IConsumerClient consumer, int count)
    {
        var records = new List<ConsumerEvent>();
        broker.Until(() =>
        {
            if (consumer.Poll(TimeSpan.FromMilliseconds(20), out var found) && found.Kind == ConsumerEventKind.Record)
                records.Add(found);
            return records.Count == count;
        });
        return records;
    }

    private static ConsumerEvent[] Take(ITestBroker broker, IConsumerClient consumer, int count)
    {
        var events = new List<ConsumerEvent>();
        broker.Until(() =>
        {
            if (consumer.Poll(TimeSpan.FromMilliseconds(20), out var found))
                events.Add(found);
            return events.Count == count;
        });
        return [.. events];
    }

    private sealed class Counting : DeliveryObserver
    {
        private int delivered;

        public int Acknowledged => Volatile.Read(ref delivered);

        public KafkaFailure? Failure { get; private set; }

        public override void Delivered() => Interlocked.Increment(ref delivered);

        public override void Failed(byte[]? key, byte[]? value, KafkaFailure failure) => Failure = failure;
    }
}
