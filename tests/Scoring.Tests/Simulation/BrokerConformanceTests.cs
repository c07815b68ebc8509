using System.Text;
using Scoring.Actors.Log;
using Scoring.Actors.Source;
using Scoring.Models.Wire;

namespace Scoring.Tests.Simulation;

/// <summary>
/// What the service relies on of a broker. The simulation's broker passes the same tests as the embedded one, and as
/// a real one where SCORING_TEST_KAFKA=host:port names it: so what the simulation proves holds outside of it.
/// </summary>
public sealed class BrokerConformanceTests
{
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
    public void Records_come_in_order_as_they_were_appended(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(1);
        Append(broker, topic, 0, 5);
        var member = broker.Member(topic, "group", Assignor.CooperativeSticky);
        member.Join(new RecordingListener(member));

        var records = Take(broker, member, 5).Select(r => r.Record).ToList();

        Assert.Equal([0, 1, 2, 3, 4], records.Select(r => r.Offset));
        Assert.Equal(["v0", "v1", "v2", "v3", "v4"], records.Select(r => Encoding.UTF8.GetString(r.Value!)));
        Assert.All(records, r => Assert.Equal("key", Encoding.UTF8.GetString(r.Key!)));
        Assert.All(records, r => Assert.Equal(RecordKind.Label, r.Kind));
        Assert.All(records, r => Assert.True(r.Time.IsKnown));
        Assert.Equal(5, member.EndOffset(0));
        member.Close();
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_committed_offset_is_where_the_next_member_starts(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(1);
        Append(broker, topic, 0, 5);
        var first = broker.Member(topic, "group", Assignor.CooperativeSticky);
        var listener = new RecordingListener(first);
        first.Join(listener);
        broker.Until(() => Polls(first) && listener.Owned.Count == 1);
        Assert.Null(first.Committed([0])[0]);
        listener.WhenRevoked = _ => first.Commit([(0, 3)]);
        first.Close();

        var second = broker.Member(topic, "group", Assignor.CooperativeSticky);
        second.Join(new RecordingListener(second));
        var next = Take(broker, second, 1)[0];

        Assert.Equal(3, second.Committed([0])[0]);
        Assert.Equal(3, next.Record.Offset);
        Assert.Equal(["revoked 0"], listener.Calls.Skip(1));
        second.Close();
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_paused_partition_gives_nothing_and_goes_on_where_it_stopped(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(2);
        Append(broker, topic, 0, 3);
        Append(broker, topic, 1, 3);
        var member = broker.Member(topic, "group", Assignor.Range);
        var listener = new RecordingListener(member);
        member.Join(listener);
        var first = Take(broker, member, 1)[0];
        member.Pause(first.Partition);

        var others = Take(broker, member, 3);
        member.Resume(first.Partition);
        var rest = Take(broker, member, 2);

        Assert.All(others, r => Assert.Equal(1 - first.Partition, r.Partition));
        Assert.Equal([(first.Partition, 1L), (first.Partition, 2L)], rest.Select(r => (r.Partition, r.Record.Offset)));
        member.Close();
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_cooperative_member_keeps_what_does_not_move(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(4);
        var (first, firstListener, second, secondListener) = Two(broker, topic, Assignor.CooperativeSticky);

        Assert.Equal(2, firstListener.Owned.Count);
        Assert.Equal([0, 1, 2, 3], firstListener.Owned.Concat(secondListener.Owned).Order());
        // What it kept it was neither asked to give up nor given again.
        Assert.DoesNotContain(firstListener.Calls, c => c == "revoked 0,1,2,3");
        Assert.Equal(2, firstListener.Calls.Where(c => c.StartsWith("revoked", StringComparison.Ordinal)).Sum(c => c.Split(',').Length));
        first.Close();
        broker.Until(() => Polls(second) && secondListener.Owned.Count == 4);
        second.Close();
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_member_of_the_range_assignor_gives_everything_up_before_each_assignment(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(4);
        var (first, firstListener, second, secondListener) = Two(broker, topic, Assignor.Range);

        Assert.Equal([0, 1, 2, 3], firstListener.Owned.Concat(secondListener.Owned).Order());
        Assert.Equal(2, firstListener.Owned.Count);
        Assert.Contains("revoked 0,1,2,3", firstListener.Calls);
        first.Close();
        broker.Until(() => Polls(second) && secondListener.Owned.Count == 4);
        second.Close();
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_living_member_may_commit_a_partition_that_it_does_not_own(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(2);
        Append(broker, topic, 0, 3);
        Append(broker, topic, 1, 3);
        var (first, firstListener, second, _) = Two(broker, topic, Assignor.CooperativeSticky);
        var foreign = Enumerable.Range(0, 2).Except(firstListener.Owned).First();

        broker.Until(() => Polls(first) && Polls(second) && Commits(first, foreign, 2));

        Assert.Equal(2, second.Committed([foreign])[0]);
        first.Close();
        second.Close();
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_position_outside_the_log_is_a_gap_of_that_partition(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(2);
        Append(broker, topic, 0, 2);
        Append(broker, topic, 1, 2);
        var first = broker.Member(topic, "group", Assignor.Range);
        var listener = new RecordingListener(first);
        first.Join(listener);
        broker.Until(() => Polls(first) && listener.Owned.Count == 2);
        first.Commit([(1, 9)]);
        first.Close();

        var second = broker.Member(topic, "group", Assignor.Range);
        second.Join(new RecordingListener(second));
        LogGapException? gap = null;
        var records = new List<int>();
        broker.Until(() =>
        {
            try
            {
                if (second.Poll(TimeSpan.FromMilliseconds(20), out var partition, out _))
                    records.Add(partition);
            }
            catch (LogGapException e)
            {
                gap = e;
            }

            return gap is not null && records.Count == 2;
        });

        Assert.Equal(1, gap!.Partition);
        Assert.Equal([0, 0], records);
        second.Close();
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void A_stretch_of_the_log_is_read_exactly_and_a_missing_one_is_a_gap(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(2);
        Append(broker, topic, 1, 40);
        var reader = broker.Reader(topic);

        Assert.Equal(Enumerable.Range(3, 34).Select(i => (long)i), broker.Read(reader, 1, 3, 37).Select(r => r.Offset));
        Assert.Empty(broker.Read(reader, 1, 5, 5));
        Assert.Equal(1, Assert.Throws<LogGapException>(() => broker.Read(reader, 1, 3, 41)).Partition);
    }

    [Theory]
    [MemberData(nameof(Brokers))]
    public void Equal_keys_go_to_one_partition_and_each_append_is_told_once(string kind)
    {
        using var broker = Broker(kind);
        var topic = broker.CreateTopic(8);
        var log = broker.Producer();
        var observer = new CountingObserver();
        for (var i = 0; i < 20; i++)
            Assert.True(log.TryAppend(new OutputRecord(topic, Encoding.UTF8.GetBytes($"user-{i % 2}"), [(byte)i], null), observer));
        broker.Until(() => observer.AppendedCount == 20);

        var member = broker.Member(topic, "group", Assignor.Range);
        member.Join(new RecordingListener(member));
        var records = Take(broker, member, 20);

        foreach (var records1 in records.GroupBy(r => Encoding.UTF8.GetString(r.Record.Key!)))
        {
            Assert.Single(records1.Select(r => r.Partition).Distinct());
            Assert.Equal(records1.Select(r => r.Record.Value![0]).Order(), records1.Select(r => r.Record.Value![0]));
        }

        Assert.Null(observer.Failure);
        member.Close();
    }

    private static ITestBroker Broker(string kind) => kind switch
    {
        "simulated" => new SimulatedTestBroker(),
        "embedded" => new KafkaTestBroker(null),
        _ => new KafkaTestBroker(Environment.GetEnvironmentVariable(KafkaTestBroker.AddressVariable)),
    };

    private static (IGroupClient First, RecordingListener FirstListener, IGroupClient Second, RecordingListener SecondListener) Two(ITestBroker broker, string topic, Assignor assignor)
    {
        var first = broker.Member(topic, "group", assignor);
        var firstListener = new RecordingListener(first);
        first.Join(firstListener);
        broker.Until(() => Polls(first) && firstListener.Owned.Count > 0);
        var second = broker.Member(topic, "group", assignor);
        var secondListener = new RecordingListener(second);
        second.Join(secondListener);
        broker.Until(() => Polls(first) && Polls(second) && firstListener.Owned.Count > 0 && firstListener.Owned.Count == secondListener.Owned.Count);
        return (first, firstListener, second, secondListener);
    }

    // A rebalance that is still under way refuses a commit.
    private static bool Commits(IGroupClient member, int partition, long offset)
    {
        try
        {
            member.Commit([(partition, offset)]);
            return true;
        }
        catch (GroupException e) when (e.IsRetriable)
        {
            return false;
        }
    }

    // Also where it has nothing to take, a poll lets the member hear of the group.
    private static bool Polls(IGroupClient member)
    {
        member.Poll(TimeSpan.FromMilliseconds(5), out _, out _);
        return true;
    }

    private static List<(int Partition, InputRecord Record)> Take(ITestBroker broker, IGroupClient member, int count)
    {
        var records = new List<(int, InputRecord)>();
        broker.Until(() =>
        {
            if (records.Count < count && member.Poll(TimeSpan.FromMilliseconds(5), out var partition, out var record))
                records.Add((partition, record));
            return records.Count == count;
        });
        return records;
    }

    private static void Append(ITestBroker broker, string topic, int partition, int count)
    {
        var log = broker.Producer();
        var observer = new CountingObserver();
        for (var i = 0; i < count; i++)
            log.TryAppend(new OutputRecord(topic, "key"u8.ToArray(), Encoding.UTF8.GetBytes($"v{i}"), [new OutputHeader(RecordHeaders.Kind, "label"u8.ToArray())], partition), observer);
        broker.Until(() => observer.AppendedCount == count);
    }
}
