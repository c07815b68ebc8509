using System.Text;
using Scoring.Kafka.Clients;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>A producer whose acknowledgements the test gives.</summary>
internal sealed class FakeProducerClient(Action<KafkaFailure> ended) : IProducerClient
{
    private readonly Queue<(ProducerRecord Record, DeliveryObserver Observer)> waiting = [];

    /// <summary>Records that may wait at most.</summary>
    public int Room { get; set; } = int.MaxValue;

    /// <summary>The largest value that is taken, in bytes.</summary>
    public int MaxValueBytes { get; set; } = int.MaxValue;

    public List<string> Taken { get; } = [];

    public int Waiting => waiting.Count;

    public bool IsDisposed { get; private set; }

    public bool TryProduce(in ProducerRecord record, DeliveryObserver observer)
    {
        Assert.False(IsDisposed);
        if (record.Value?.Length > MaxValueBytes)
        {
            observer.Failed(record.Key, record.Value, FakeKafka.Failure(FailureClass.Refused, Confluent.Kafka.ErrorCode.MsgSizeTooLarge));
            return true;
        }

        if (waiting.Count >= Room)
            return false;
        Taken.Add(Encoding.UTF8.GetString(record.Value ?? "null"u8));
        waiting.Enqueue((record, observer));
        return true;
    }

    /// <summary>Acknowledges the oldest records.</summary>
    public void Acknowledge(int records = 1)
    {
        for (var i = 0; i < records; i++)
            waiting.Dequeue().Observer.Delivered();
    }

    /// <summary>Fails the oldest record.</summary>
    public void Fail(KafkaFailure failure)
    {
        var (record, observer) = waiting.Dequeue();
        observer.Failed(record.Key, record.Value, failure);
    }

    /// <summary>Comes to its end, without a word of what it had not acknowledged.</summary>
    public void End() => ended(FakeKafka.Failure(FailureClass.Fatal, Confluent.Kafka.ErrorCode.Local_Fatal));

    public void Dispose() => IsDisposed = true;
}
