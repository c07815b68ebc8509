using Akka.Actor;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Checkpoints;
using Scoring.Models.Features;

namespace Scoring.Actors.Cardholders;

/// <summary>What the cardholders of one owner share. Any thread may use it.</summary>
/// <param name="features">The features, of local entities alone.</param>
/// <param name="marks">The marks of the log, of which only the stored states' layouts are read; those never change while cardholders live.</param>
/// <param name="ids">Names rows.</param>
/// <param name="store">The snapshot store.</param>
/// <param name="owner">The owner.</param>
public sealed class CardholderContext(CompiledFeatures features, LogMarks marks, PartitionIds ids, IActorRef store, IActorRef owner) : IDisposable
{
    // A cardholder computes while it handles a message, on whatever thread that is, and keeps nothing of it.
    private readonly ThreadLocal<CardholderDesk> desks = new(() => new CardholderDesk(features), trackAllValues: true);
    private long newestRow;

    /// <summary>The features.</summary>
    public CompiledFeatures Features => features;

    /// <summary>The layouts that stored states may have.</summary>
    public LogMarks Marks => marks;

    /// <summary>Names rows.</summary>
    public PartitionIds Ids => ids;

    /// <summary>The snapshot store.</summary>
    public IActorRef Store => store;

    /// <summary>The owner.</summary>
    public IActorRef Owner => owner;

    /// <summary>Is shown each record at each step; what it throws counts as the step's. A fault double, for tests.</summary>
    public Action<RecordStep, InputRecord>? Probe { get; init; }

    /// <summary>
    /// The greatest number of a row that may be read: the offset of the owner's newest checkpoint. A greater one is of a time that this owner
    /// has not come to: a cardholder that begins with it could not be written down as of a checkpoint before.
    /// </summary>
    public long NewestRow
    {
        get => Volatile.Read(ref newestRow);
        set => Volatile.Write(ref newestRow, value);
    }

    /// <summary>Events that left because their entity was full.</summary>
    public long EventsDropped => desks.Values.Sum(d => d.Scratch.EventsDropped);

    internal CardholderDesk Desk => desks.Value!;

    /// <inheritdoc/>
    public void Dispose() => desks.Dispose();
}

/// <summary>What one thread computes cardholders in.</summary>
/// <param name="features">The features.</param>
internal sealed class CardholderDesk(CompiledFeatures features)
{
    internal CardholderScratch Scratch { get; } = new(features);

    internal System.Buffers.ArrayBufferWriter<byte> Buffer { get; } = new(1_024);

    internal List<long> Dues { get; } = [];

    /// <summary>Where the features go of a record whose score nobody wants.</summary>
    internal double[] Unread { get; } = new double[features.Set.FeatureNames.Count];
}
