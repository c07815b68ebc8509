using System.Reflection;
using Confluent.Kafka;
using Scoring.Kafka;

namespace Scoring.Tests.Kafka;

public class GroupLeaveTests
{
    [Fact]
    public void The_subscription_goes_and_what_is_owned_is_given_up_before_the_close()
    {
        var (consumer, client) = Member(owned: 2);

        consumer.LeaveGroup();

        // Two turns, each of which takes one partition away.
        Assert.Equal(["Unsubscribe", "Consume", "Consume", "Close"], client.Calls);
    }

    [Fact]
    public void One_that_owns_nothing_serves_what_waits_once_before_it_closes()
    {
        var (consumer, client) = Member(owned: 0);

        consumer.LeaveGroup();

        Assert.Equal(["Unsubscribe", "Consume", "Close"], client.Calls);
    }

    [Fact]
    public void What_can_not_be_read_any_more_does_not_keep_it()
    {
        var (consumer, client) = Member(owned: 1);
        client.Thrown = new ConsumeException(new ConsumeResult<byte[], byte[]>(), new Error(ErrorCode.Local_AutoOffsetReset));

        consumer.LeaveGroup();

        Assert.Equal("Close", client.Calls[^1]);
    }

    [Fact]
    public void What_a_handler_throws_is_told_once_the_group_was_left()
    {
        var (consumer, client) = Member(owned: 1);
        client.Thrown = new InvalidOperationException("the ledger's layout is another");

        Assert.Throws<InvalidOperationException>(consumer.LeaveGroup);

        Assert.Equal("Close", client.Calls[^1]);
    }

    private static (IConsumer<byte[], byte[]> Consumer, Client Client) Member(int owned)
    {
        var consumer = DispatchProxy.Create<IConsumer<byte[], byte[]>, Client>();
        var client = (Client)(object)consumer;
        client.Owned = owned;
        return (consumer, client);
    }

    /// <summary>A consumer that gives one partition up in each turn.</summary>
    public class Client : DispatchProxy
    {
        internal int Owned { get; set; }

        internal Exception? Thrown { get; set; }

        internal List<string> Calls { get; } = [];

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (targetMethod!.Name == "get_Assignment")
                return Enumerable.Range(0, Owned).Select(p => new TopicPartition("transactions", p)).ToList();
            Calls.Add(targetMethod.Name);
            if (targetMethod.Name != "Consume")
                return null;
            Owned = Math.Max(0, Owned - 1);
            return Thrown is null ? null : throw Thrown;
        }
    }
}
