using Scoring.Kafka.Clients;

namespace Scoring.Kafka.Producers;

/// <summary>A message on its way: how far its records are handed over, and how many are not acknowledged.</summary>
/// <typeparam name="T">What is handed on.</typeparam>
internal sealed class ProducedMessage<T> : DeliveryObserver
{
    private readonly ProducerMessage<T> message;
    private readonly Deliveries deliveries;
    private List<RefusedRecord>? refused;

    // One more than the records, until all of them are handed over.
    private int left;

    internal ProducedMessage(ProducerMessage<T> message, Deliveries deliveries)
    {
        this.message = message;
        this.deliveries = deliveries;
        left = message.Records.Count + 1;
    }

    internal T PassThrough => message.PassThrough;

    internal int Records => message.Records.Count;

    /// <summary>How many records are handed over; the stage's.</summary>
    internal int Handed { get; private set; }

    /// <summary>Whether each record is acknowledged or has failed.</summary>
    internal bool IsDone => Volatile.Read(ref left) == 0;

    /// <summary>Whether the log will never take one of the records. Any thread may ask.</summary>
    internal bool HasRefused => Volatile.Read(ref refused) is not null;

    /// <summary>The records that the log will never take. Complete once the message is done.</summary>
    internal IReadOnlyList<RefusedRecord> Refused
    {
        get
        {
            lock (message)
                return refused is null ? [] : refused.ToArray();
        }
    }

    /// <summary>Hands records over until the client is full. Called by the stage.</summary>
    /// <param name="tryProduce">Hands one over.</param>
    /// <returns>Whether all are handed over.</returns>
    internal bool TryHandOver(TryProduce tryProduce)
    {
        while (Handed < message.Records.Count)
        {
            if (!tryProduce(message.Records[Handed], this))
            {
                deliveries.WantsRoom = true;
                return false;
            }

            Handed++;
        }

        deliveries.WantsRoom = false;
        Count();
        return true;
    }

    public override void Delivered() => Count();

    public override void Failed(byte[]? key, byte[]? value, KafkaFailure reason)
    {
        int index;
        lock (message)
        {
            index = IndexOf(key, value);
            if (reason.Class == FailureClass.Refused)
                (refused ??= []).Add(new RefusedRecord(index, reason));
        }

        if (reason.Class == FailureClass.Refused)
            deliveries.Refuse();
        else
            deliveries.Fail(new ProduceFailedException(reason, $"record {index} of {message.PassThrough} was not acknowledged: {reason.Message}"));
        Count();
    }

    // Which it is, the very arrays tell; of several with the same, each is refused once.
    private int IndexOf(byte[]? key, byte[]? value)
    {
        for (var i = 0; i < message.Records.Count; i++)
        {
            var record = message.Records[i];
            if (ReferenceEquals(record.Value, value) && ReferenceEquals(record.Key, key) && refused?.Exists(r => r.Index == i) != true)
                return i;
        }

        return message.Records.Count - 1;
    }

    private void Count()
    {
        if (Interlocked.Decrement(ref left) == 0 || deliveries.WantsRoom)
            deliveries.Signal.Now();
    }
}
