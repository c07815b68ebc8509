namespace Scoring.Actors.Log;

/// <summary>The topics that this node appends to.</summary>
public interface IOutputLog
{
    /// <summary>Hands a record to the log.</summary>
    /// <param name="record">The record.</param>
    /// <param name="observer">Is told what became of it, unless this returns false.</param>
    /// <returns>False if the log's queue is full: nothing was done, try again later.</returns>
    bool TryAppend(in OutputRecord record, AppendObserver observer);
}
