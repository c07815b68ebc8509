using Scoring.Producer.Collect;

namespace Scoring.Producer.Load;

/// <summary>What a source's current event is.</summary>
public enum SourceKind
{
    /// <summary>A transaction.</summary>
    Transaction,

    /// <summary>A label.</summary>
    Label,

    /// <summary>An interaction.</summary>
    Interaction,
}

/// <summary>Where the events that are sent come from, one after the other. Owned by one thread.</summary>
public interface IRecordSource : IDisposable
{
    /// <summary>What the current event is.</summary>
    SourceKind Kind { get; }

    /// <summary>The current event's key: its user, else its card.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <summary>Which transaction the current one is.</summary>
    TransactionIdentity Identity { get; }

    /// <summary>Whether the current transaction is fraud in truth; false where the source does not know.</summary>
    bool IsFraud { get; }

    /// <summary>Whether the service must refuse the current transaction, known once it is written: a file may hold such.</summary>
    bool IsRefused { get; }

    /// <summary>What was wrong with the source itself so far, in a sentence; null if nothing was.</summary>
    string? Problem { get; }

    /// <summary>Moves to the next event.</summary>
    /// <returns>False if there is none.</returns>
    bool MoveNext();

    /// <summary>The current event's record; valid until the next call.</summary>
    /// <param name="nowMicros">The time of sending, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="lateByMicros">By how much to set the event's time back.</param>
    ReadOnlySpan<byte> Write(long nowMicros, long lateByMicros);
}
