using Confluent.Kafka;

namespace Scoring.Kafka.Clients;

/// <summary>
/// Connects clients to an <see cref="EmbeddedBroker"/>, which acknowledges the offsets of a transaction and forgets them: here they
/// are committed by themselves once their transaction is, so that the next owner of a partition finds where the one before has
/// come to. It is not atomic, and still neither isolates nor fences.
/// </summary>
public sealed class EmbeddedClients : IKafkaClients
{
    private readonly IKafkaClients clients;

    /// <summary>Stands before other clients.</summary>
    /// <param name="clients">What connects.</param>
    public EmbeddedClients(IKafkaClients clients)
    {
        ArgumentNullException.ThrowIfNull(clients);
        this.clients = clients;
    }

    /// <inheritdoc/>
    public IConsumerClient Consumer() => clients.Consumer();

    /// <inheritdoc/>
    public IOffsetClient Offsets() => clients.Offsets();

    /// <inheritdoc/>
    public IProducerClient Producer(Action<KafkaFailure> ended) => clients.Producer(ended);

    /// <inheritdoc/>
    public ITransactionalClient Transactions(string transactionalId) => new OffsetKeeper(clients.Transactions(transactionalId), clients.Offsets());

    private sealed class OffsetKeeper(ITransactionalClient client, IOffsetClient group) : ITransactionalClient
    {
        private readonly Dictionary<TopicPartition, TopicPartitionOffset> open = [];

        public bool TryProduce(in ProducerRecord record, DeliveryObserver observer) => client.TryProduce(record, observer);

        public void Init(TimeSpan timeout) => client.Init(timeout);

        public void Begin()
        {
            client.Begin();
            open.Clear();
        }

        public void SendOffsets(IReadOnlyList<TopicPartitionOffset> offsets, TimeSpan timeout)
        {
            client.SendOffsets(offsets, timeout);
            foreach (var offset in offsets)
                open[offset.TopicPartition] = offset;
        }

        public void Commit(TimeSpan timeout)
        {
            client.Commit(timeout);
            if (open.Count > 0)
                Keep();
        }

        public void Abort(TimeSpan timeout) => client.Abort(timeout);

        public void Dispose()
        {
            client.Dispose();
            group.Dispose();
        }

        // The transaction is committed already, so the call can't be made again: the owner ends, and its successor repeats it.
        private void Keep()
        {
            try
            {
                if (group.Commit([.. open.Values]).FirstOrDefault(f => f is not null) is { } failure)
                    throw new KafkaCallException(failure);
            }
            catch (KafkaCallException e)
            {
                throw new KafkaCallException(e.Failure with { Class = FailureClass.Fatal }, e);
            }
        }
    }
}
