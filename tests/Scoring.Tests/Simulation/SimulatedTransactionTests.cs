using Scoring.Actors.Log;
using Scoring.Kafka.Clients;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Scheduling;

namespace Scoring.Tests.Simulation;

/// <summary>What a real cluster guarantees of transactions, of the simulated one.</summary>
public sealed class SimulatedTransactionTests : IDisposable
{
    private const string Topic = "scores";

    private readonly VirtualScheduler scheduler = new(20_27);
    private readonly SimulatedBroker broker;

    public SimulatedTransactionTests()
    {
        broker = new SimulatedBroker(scheduler, new BrokerFaults());
        broker.CreateTopic(Topic, 1);
    }

    private SimulatedLog Log => broker.Topic(Topic)[0];

    public void Dispose() => scheduler.Dispose();

    [Fact]
    public void A_record_is_stable_only_once_its_transaction_has_its_marker()
    {
        var transaction = Produce("node", broker.Transactions.Start("node"));
        Assert.Equal((0, 1), (Log.LastStable, Log.End));

        broker.Transactions.End("node", transaction.Epoch, TransactionState.Committed);
        Assert.Equal(0, Log.LastStable);

        Assert.True(scheduler.RunUntil(() => transaction.IsComplete, TimeSpan.FromSeconds(1)));
        Assert.Equal((2, 2), (Log.LastStable, Log.End));
        Assert.Equal(0, Log.NextCommitted(0));
    }

    [Fact]
    public void A_later_owner_of_the_id_aborts_what_the_earlier_left_open_and_fences_it()
    {
        var transaction = Produce("node", broker.Transactions.Start("node"));

        Assert.Throws<KafkaCallException>(() => broker.Transactions.Start("node"));
        Assert.True(scheduler.RunUntil(() => transaction.IsComplete, TimeSpan.FromSeconds(1)));
        broker.Transactions.Start("node");

        Assert.Equal(TransactionState.Aborted, transaction.State);
        Assert.Equal(Log.LastStable, Log.NextCommitted(0));
        var refused = Assert.Throws<KafkaCallException>(() => broker.Transactions.End("node", transaction.Epoch, TransactionState.Committed));
        Assert.Equal(FailureClass.Fenced, refused.Failure.Class);
    }

    [Fact]
    public void A_transaction_that_nobody_ends_expires_and_its_producer_is_fenced()
    {
        var transaction = Produce("node", broker.Transactions.Start("node"));

        Assert.True(scheduler.RunUntil(() => transaction.IsComplete, TimeSpan.FromSeconds(25)));

        Assert.Equal(TransactionState.Aborted, transaction.State);
        Assert.Throws<KafkaCallException>(() => broker.Transactions.Join("node", transaction.Epoch));
    }

    private SimulatedTransaction Produce(string id, int epoch)
    {
        var transaction = broker.Transactions.Join(id, epoch);
        broker.AppendIn(transaction, new OutputRecord(Topic, [1], [1], null), 0, id);
        return transaction;
    }
}
