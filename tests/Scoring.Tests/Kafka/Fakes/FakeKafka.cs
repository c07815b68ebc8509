using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>A Kafka with clients that do what librdkafka's do, when the test's loops have their turns.</summary>
internal sealed class FakeKafka(ManualTurns turns) : IKafkaClients
{
    private readonly Dictionary<TopicPartition, FakeLog> logs = [];

    public ManualTurns Turns => turns;

    /// <summary>What the group has committed.</summary>
    public Dictionary<TopicPartition, long> Offsets { get; } = [];

    /// <summary>All commits, each as "topic [partition]@offset" of its partitions.</summary>
    public List<string> Commits { get; } = [];

    public List<FakeConsumerClient> Consumers { get; } = [];

    public List<FakeOffsetClient> OffsetClients { get; } = [];

    public List<FakeProducerClient> Producers { get; } = [];

    public List<FakeTransactionalClient> Transactional { get; } = [];

    /// <summary>The last epoch of each transactional id.</summary>
    public Dictionary<string, int> Epochs { get; } = [];

    /// <summary>What readers of committed records see.</summary>
    public List<string> Visible { get; } = [];

    /// <summary>Whether the brokers do not answer.</summary>
    public bool IsAway { get; set; }

    public FakeConsumerClient Consumer => Consumers[^1];

    public FakeOffsetClient OffsetClient => OffsetClients[^1];

    public FakeLog this[TopicPartition partition]
    {
        get
        {
            if (!logs.TryGetValue(partition, out var log))
                logs[partition] = log = new FakeLog();
            return log;
        }
    }

    IConsumerClient IKafkaClients.Consumer()
    {
        Consumers.Add(new FakeConsumerClient(this));
        return Consumers[^1];
    }

    IOffsetClient IKafkaClients.Offsets()
    {
        OffsetClients.Add(new FakeOffsetClient(this));
        return OffsetClients[^1];
    }

    IProducerClient IKafkaClients.Producer(Action<KafkaFailure> ended)
    {
        Producers.Add(new FakeProducerClient(ended));
        return Producers[^1];
    }

    ITransactionalClient IKafkaClients.Transactions(string transactionalId)
    {
        Transactional.Add(new FakeTransactionalClient(this, transactionalId));
        return Transactional[^1];
    }

    public static KafkaFailure Failure(FailureClass its, ErrorCode code = ErrorCode.Local_TimedOut) => new(its, code, $"made to fail: {code}");

    public void ThrowIfAway()
    {
        if (IsAway)
            throw new KafkaCallException(Failure(FailureClass.Retriable, ErrorCode.Local_Transport));
    }
}
