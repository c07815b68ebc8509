using System.Text;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using Scoring.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;
using Scoring.Kafka.Settings;

namespace Scoring.IntegrationTests.Kafka;

/// <summary>
/// Transactions of the connector with the real client. The embedded broker has a coordinator and keeps what it is told, but it
/// neither fences nor isolates: what only a real Kafka does is asserted where SCORING_TEST_KAFKA names one.
/// </summary>
public sealed class TransactionTests : IAsyncLifetime
{
    private const int Partitions = 2;
    private const int Records = 300;
    private const string Id = "scoring-transactions-0";

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly TestBroker broker = new(Partitions);
    private readonly TestClient client;
    private readonly string key = ConnectorNode.KeyOf(0, Partitions);
    private ConnectorNode? node;

    public TransactionTests() => client = new TestClient(broker);

    private static bool IsReal => TestBroker.Given is not null;

    private TopicPartition Input => new(broker.Prefix + "transactions", 0);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (node is not null)
            await node.DisposeAsync();
        client.Dispose();
        broker.Dispose();
    }

    [Fact]
    public async Task Many_transactions_commit_each_its_records_and_the_offset_behind_them()
    {
        var its = Node(new TransactionSettings { CommitInterval = TimeSpan.FromMilliseconds(5), MaxMessages = 1 });
        var producer = await InitialisedAsync(its);
        var (control, done) = Run(its, producer, 0);
        for (var i = 0; i < Records; i++)
        {
            Send(i, i + 1);
            if (i % 10 == 0)
                client.Flush();
        }

        client.Flush();
        await Eventually.TrueAsync(() => control.State.Committed == Records, "all is committed");
        await control.DrainAndShutdown(done);

        Assert.Equal(Records, await its.CommittedAsync(Input));
        Assert.Equal(Enumerable.Range(0, Records).Select(i => $"v{i}"), Scores(Records));
        Assert.Equal(TransactionState.Open, producer.State);
    }

    [Fact]
    public async Task What_was_open_at_the_end_of_an_owner_is_not_committed_and_the_next_owner_does_it_again()
    {
        var its = Node(new TransactionSettings { CommitInterval = TimeSpan.FromSeconds(2), MaxMessages = 100_000 });
        var first = await InitialisedAsync(its);
        await first.CommitAsync(new TopicPartitionOffset(Input, 0));
        using var aborts = new CounterReading(its.Meters, "scoring.kafka.transaction_aborts");
        var (control, done) = Run(its, first, 0);
        Send(0, 20);
        client.Flush();
        // The embedded broker shows what is not committed; of a real one nobody sees it.
        if (IsReal)
            await Eventually.TrueAsync(() => control.State.Position == 20, "the owner has read all");
        else
            Assert.Equal(20, Scores(20).Count);
        await control.Shutdown();
        await Assert.ThrowsAnyAsync<Exception>(() => done);
        await first.DisposeAsync();
        Assert.Equal(1, aborts.Total);
        Assert.Equal(0, await its.CommittedAsync(Input));

        var second = await InitialisedAsync(its);
        var (again, doneAgain) = Run(its, second, 0);
        await Eventually.TrueAsync(() => again.State.Committed == 20, "the next owner has committed all");
        await again.DrainAndShutdown(doneAgain);
        Assert.Equal(20, await its.CommittedAsync(Input));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"v{i}"), Scores(20).TakeLast(20));
    }

    [Fact]
    public async Task A_second_producer_of_the_same_id_takes_over_while_the_first_has_a_transaction_open()
    {
        var its = Node(new TransactionSettings { CommitInterval = TimeSpan.FromMilliseconds(5) });
        var first = await InitialisedAsync(its);
        await first.CommitAsync(new TopicPartitionOffset(Input, 0));
        var second = await InitialisedAsync(its);
        Send(0, 20);
        client.Flush();
        var (control, done) = Run(its, second, 0);
        await Eventually.TrueAsync(() => control.State.Committed == 20, "the second has committed all");
        await control.DrainAndShutdown(done);
        Assert.Equal(20, await its.CommittedAsync(Input));

        // The embedded broker takes the first one's commits as before: there only an injected error tells what fencing does.
        if (!IsReal)
            broker.Embedded.FailNext(EmbeddedBroker.Request.AddOffsetsToTransaction, ErrorCode.InvalidProducerEpoch);
        var fenced = await Assert.ThrowsAsync<TransactionFailedException>(() => first.CommitAsync(new TopicPartitionOffset(Input, 3)).WaitAsync(Long));
        Assert.Equal(FailureClass.Fenced, fenced.Failure.Class);
        Assert.Equal(TransactionState.Fenced, first.State);
        Assert.Equal(20, await its.CommittedAsync(Input));
    }

    [EmbeddedBrokerFact]
    public async Task Two_producers_of_the_same_id_both_commit_on_the_embedded_broker_which_does_not_fence()
    {
        var its = Node(new TransactionSettings());
        var first = await InitialisedAsync(its);
        var second = await InitialisedAsync(its);
        await second.CommitAsync(new TopicPartitionOffset(Input, 5)).WaitAsync(Long);
        await first.CommitAsync(new TopicPartitionOffset(Input, 3)).WaitAsync(Long);
        Assert.Equal(3, await its.CommittedAsync(Input));
    }

    [EmbeddedBrokerFact]
    public async Task The_embedded_broker_by_itself_acknowledges_a_transactions_offset_and_forgets_it()
    {
        node = new ConnectorNode(broker, isBare: true);
        var producer = await InitialisedAsync(node);
        await producer.CommitAsync(new TopicPartitionOffset(Input, 5)).WaitAsync(Long);
        Assert.Null(await node.CommittedAsync(Input));
    }

    [EmbeddedBrokerFact]
    public async Task After_an_outage_transactions_go_on_as_do_look_ups_of_the_offsets()
    {
        var its = Node(new TransactionSettings { CommitInterval = TimeSpan.FromMilliseconds(5) });
        var producer = await InitialisedAsync(its);
        var (control, done) = Run(its, producer, 0);
        Send(0, 20);
        client.Flush();
        await Eventually.TrueAsync(() => control.State.Committed == 20, "what came before is committed");
        broker.Embedded.SetDown();
        await Eventually.TrueAsync(() => its.Consumer.State.Brokers.Condition == BrokerCondition.Lost, "the consumer has noticed");
        broker.Embedded.SetUp();
        Send(20, 40);
        client.Flush();
        await Eventually.TrueAsync(() => control.State.Committed == 40 || done.IsCompleted, "all is committed");
        await control.DrainAndShutdown(done);
        Assert.Equal(40, await its.CommittedAsync(Input));
    }

    [EmbeddedBrokerFact]
    public async Task A_coordinator_that_is_still_busy_with_the_transaction_before_is_asked_again_soon()
    {
        var its = Node(new TransactionSettings { CommitInterval = TimeSpan.FromMilliseconds(5) });
        using var commits = new CounterReading(its.Meters, "scoring.kafka.transaction_commits");
        var producer = await InitialisedAsync(its);
        broker.Embedded.FailNext(EmbeddedBroker.Request.AddPartitionsToTransaction, ErrorCode.ConcurrentTransactions, ErrorCode.ConcurrentTransactions);
        broker.Embedded.FailNext(EmbeddedBroker.Request.AddOffsetsToTransaction, ErrorCode.ConcurrentTransactions, ErrorCode.GroupLoadInProgress);
        broker.Embedded.FailNext(EmbeddedBroker.Request.EndTransaction, ErrorCode.GroupLoadInProgress);
        var (control, done) = Run(its, producer, 0);
        Send(0, 20);
        client.Flush();
        await Eventually.TrueAsync(() => control.State.Committed == 20, "all is committed");
        await control.DrainAndShutdown(done);
        Assert.Equal(20, Scores(20).Count);
        Assert.InRange(commits.Total, 1, 20);
    }

    private ConnectorNode Node(TransactionSettings settings) => node = new ConnectorNode(broker, settings);

    private static async Task<TransactionalProducer> InitialisedAsync(ConnectorNode its)
    {
        var producer = its.Producer(Id);
        await producer.InitAsync().WaitAsync(Long);
        Assert.Equal(TransactionState.Open, producer.State);
        return producer;
    }

    private (IPartitionControl Control, Task<Akka.Done> Done) Run(ConnectorNode its, TransactionalProducer producer, long from)
    {
        var (control, done) = KafkaConsumer.PlainExternalSource(its.Consumer, Subscriptions.AssignmentWithOffset(new TopicPartitionOffset(Input, from)))
            .Select(b => new ProducerMessage<PartitionBatch>([.. b.Records.Select(r => new ProducerRecord(broker.Prefix + "scores", r.Key, r.Value))], b))
            .ToMaterialized(KafkaProducer.TransactionalSink<PartitionBatch>(producer, its.Transactions, b => b), Keep.Both)
            .Run(its.Materializer);
        return (control, done);
    }

    private void Send(int from, int to)
    {
        for (var i = from; i < to; i++)
            client.SendTo("transactions", key, $"v{i}");
    }

    private List<string> Scores(int count) => client.Read("scores", count).ConvertAll(r => Encoding.UTF8.GetString(r.Message.Value!));
}
