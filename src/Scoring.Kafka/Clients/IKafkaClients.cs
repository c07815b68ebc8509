namespace Scoring.Kafka.Clients;

/// <summary>Connects clients to one Kafka. None of the calls waits for it.</summary>
public interface IKafkaClients
{
    /// <summary>Connects a consumer.</summary>
    /// <exception cref="ArgumentException">A setting is not valid; the message names it.</exception>
    IConsumerClient Consumer();

    /// <summary>Connects a client for the group's offsets and for look-ups.</summary>
    /// <exception cref="ArgumentException">A setting is not valid; the message names it.</exception>
    IOffsetClient Offsets();

    /// <summary>Connects an idempotent producer.</summary>
    /// <param name="ended">Is told, by a thread of the client's, when it can't go on; of records that it had not acknowledged it may say nothing more.</param>
    /// <exception cref="ArgumentException">A setting is not valid; the message names it.</exception>
    IProducerClient Producer(Action<KafkaFailure> ended);

    /// <summary>Connects a transactional producer.</summary>
    /// <param name="transactionalId">The transactional id: whoever takes it over later fences this one.</param>
    /// <exception cref="ArgumentException">A setting is not valid; the message names it.</exception>
    ITransactionalClient Transactions(string transactionalId);
}
