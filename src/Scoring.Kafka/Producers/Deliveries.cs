using Scoring.Kafka.Clients;
using Scoring.Kafka.Threads;

namespace Scoring.Kafka.Producers;

/// <summary>What a stage is told of its messages: that there is something to look at, and the first failure.</summary>
internal sealed class Deliveries
{
    private ProduceFailedException? failure;
    private volatile bool hasRefused;
    private volatile bool wantsRoom;

    /// <summary>Wakes the stage.</summary>
    internal StageSignal Signal { get; } = new();

    /// <summary>The first failure; null without one.</summary>
    internal ProduceFailedException? Failure => Volatile.Read(ref failure);

    /// <summary>Whether the stage waits for the client to have room, which each acknowledgement makes.</summary>
    internal bool WantsRoom
    {
        get => wantsRoom;
        set => wantsRoom = value;
    }

    /// <summary>Whether the log will never take some record.</summary>
    internal bool HasRefused => hasRefused;

    /// <summary>The log will never take a record. Any thread.</summary>
    internal void Refuse()
    {
        hasRefused = true;
        Signal.Now();
    }

    /// <summary>A record was not acknowledged, or will not be. Any thread.</summary>
    internal void Fail(ProduceFailedException reason)
    {
        Interlocked.CompareExchange(ref failure, reason, null);
        Signal.Now();
    }

    /// <summary>Called by the stage: the failure was of nothing that it waits for.</summary>
    internal void Forget() => Volatile.Write(ref failure, null);
}

/// <summary>Hands a record to a client.</summary>
/// <param name="record">The record.</param>
/// <param name="observer">Is told what became of it, unless this returns false.</param>
/// <returns>False if the client's queue is full.</returns>
internal delegate bool TryProduce(in ProducerRecord record, DeliveryObserver observer);
