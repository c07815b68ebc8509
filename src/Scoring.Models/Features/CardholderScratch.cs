using System.Buffers;
using Scoring.Models.Features.State;

namespace Scoring.Models.Features;

/// <summary>
/// What the computation of a cardholder's features works in. It keeps nothing of a cardholder, so any number of them share
/// one, but one thread at a time.
/// </summary>
public sealed class CardholderScratch
{
    /// <summary>Makes one.</summary>
    /// <param name="features">The features that are computed.</param>
    public CardholderScratch(CompiledFeatures features)
    {
        ArgumentNullException.ThrowIfNull(features);
        Assembly = new TransactionAssembly(features);
        Counts = [.. features.Plan.Entities.Select(_ => new EventCounts())];
    }

    /// <summary>The sessions that the last record closed or corrected; valid until the next.</summary>
    public IReadOnlyList<SessionClosed> SessionsClosed => Assembly.Sessions?.Closed ?? (IReadOnlyList<SessionClosed>)[];

    /// <summary>Events that left because their entity was full, in all computations with this.</summary>
    public long EventsDropped => Counts.Sum(c => c.Dropped);

    internal TransactionAssembly Assembly { get; }

    internal EventCounts[] Counts { get; }

    /// <summary>Where a cardholder's state is put together.</summary>
    internal ArrayBufferWriter<byte> Body { get; } = new(1024);

    /// <summary>Where the state of one of its entities is.</summary>
    internal ArrayBufferWriter<byte> State { get; } = new(1024);
}
