namespace Scoring.Actors.Sink;

/// <summary>A header of a record.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
public readonly record struct OutputHeader(string Name, byte[] Value);

/// <summary>A record to append to an output topic.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Key">The key, by whose hash the topic's partition is chosen.</param>
/// <param name="Value">The value.</param>
/// <param name="Headers">The headers; null for none.</param>
public readonly record struct OutputRecord(string Topic, byte[]? Key, byte[]? Value, OutputHeader[]? Headers);

/// <summary>Why an append failed.</summary>
public enum AppendFailure
{
    /// <summary>The log will never take a record of this size.</summary>
    TooLarge,

    /// <summary>Anything else: the record may or may not be in the log.</summary>
    Broken,
}

/// <summary>Is told once for each append what became of it, on a thread of the log's.</summary>
public abstract class AppendObserver
{
    /// <summary>A place for the log to keep what adapts this observer to its client.</summary>
    internal object? Adapter { get; set; }

    /// <summary>The log has acknowledged the record.</summary>
    public abstract void Appended();

    /// <summary>The log will not acknowledge the record.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="detail">The same in the client's words.</param>
    public abstract void Failed(AppendFailure failure, string detail);
}

/// <summary>The topics that this node appends to.</summary>
public interface IOutputLog
{
    /// <summary>Hands a record to the log.</summary>
    /// <param name="record">The record.</param>
    /// <param name="observer">Is told what became of it, unless this returns false.</param>
    /// <returns>False if the log's queue is full: nothing was done, try again later.</returns>
    bool TryAppend(in OutputRecord record, AppendObserver observer);
}
