using Confluent.Kafka;
using Scoring.Actors.Log;
using Scoring.Kafka.Clients;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>The clients of one process.</summary>
/// <param name="broker">The cluster.</param>
/// <param name="process">Whose they are.</param>
public sealed class SimulatedClients(SimulatedBroker broker, VirtualProcess process) : IKafkaClients
{
    private readonly List<SimulatedProducer> producers = [];
    private readonly List<SimulatedTransactionalClient> transactional = [];

    /// <summary>Is shown each record that the process hands to a producer.</summary>
    public Action<OutputRecord>? Produced { get; set; }

    /// <summary>Is told each committed offset that the process is told, with its partition.</summary>
    public Action<int, long?>? Told { get; set; }

    /// <summary>The newest consumer; null before the first.</summary>
    public SimulatedConsumer? Reading { get; private set; }

    internal SimulatedBroker Broker => broker;

    internal VirtualProcess Process => process;

    /// <inheritdoc/>
    public IConsumerClient Consumer() => Reading = new SimulatedConsumer(broker, process);

    /// <inheritdoc/>
    public IOffsetClient Offsets() => new SimulatedOffsetClient(this);

    /// <inheritdoc/>
    public IProducerClient Producer(Action<KafkaFailure> ended)
    {
        var producer = new SimulatedProducer(this, ended);
        producers.Add(producer);
        return producer;
    }

    /// <inheritdoc/>
    public ITransactionalClient Transactions(string transactionalId)
    {
        var client = new SimulatedTransactionalClient(this, transactionalId);
        transactional.Add(client);
        return client;
    }

    /// <summary>Called when the process has crashed: what was on its way may still arrive, the rest does not.</summary>
    public void Crashed()
    {
        foreach (var producer in producers)
            producer.Crashed();
        foreach (var client in transactional)
            client.Crashed();
    }

    internal OutputRecord Take(in ProducerRecord record)
    {
        process.ThrowIfCrashed();
        var its = new OutputRecord(record.Topic, record.Key, record.Value, record.Headers is null ? [] : [.. record.Headers.Select(h => new OutputHeader(h.Key, h.GetValueBytes()))], record.Partition);
        Produced?.Invoke(its);
        return its;
    }

    internal static KafkaFailure Failure(FailureClass failure, ErrorCode code, string message) => new(failure, code, message);

    internal static KafkaRecord Record(LogRecord record)
    {
        Headers? headers = record.Headers.Count == 0 ? null : [];
        foreach (var header in record.Headers)
            headers!.Add(header.Name, header.Value);
        return new KafkaRecord(record.Offset, new Timestamp(record.TimestampMillis, TimestampType.CreateTime), record.Key, record.Value, headers);
    }
}
