namespace Scoring.Actors.Log;

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
