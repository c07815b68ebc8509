using Microsoft.Extensions.Logging;

namespace Scoring.Actors.Ledger;

/// <summary>Whether the ledger's database does what it is asked: tells it once when that changes, and how long to wait until it is asked again. Written by one thread.</summary>
/// <param name="options">How long.</param>
/// <param name="progress">Where it is told.</param>
/// <param name="logger">Where it is logged.</param>
internal sealed partial class LedgerTrouble(LedgerOptions options, LedgerProgress progress, ILogger logger)
{
    private TimeSpan delay = options.RetryDelay;
    private volatile bool isFailing;

    /// <summary>Whether it does not. Any thread may ask.</summary>
    internal bool IsFailing => isFailing;

    internal void Failed(LedgerUnavailableException failure)
    {
        progress.Failed(failure.Message);
        if (!isFailing)
            LogFailed(failure.Message);
        isFailing = true;
    }

    internal void Worked()
    {
        delay = options.RetryDelay;
        if (!isFailing)
            return;
        Forgive();
        LogWorks();
    }

    /// <summary>Whoever has the partitions now tells of its own failures.</summary>
    internal void Forgive()
    {
        isFailing = false;
        progress.Worked();
    }

    /// <summary>How long to wait now; each wait in a row is twice as long.</summary>
    internal TimeSpan NextDelay()
    {
        var its = delay;
        delay = delay * 2 < options.LongestRetryDelay ? delay * 2 : options.LongestRetryDelay;
        return its;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The ledger can't be written ({Reason}); it is tried again until it can. Scoring goes on, and queries miss the newest scores")]
    private partial void LogFailed(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The ledger is written again")]
    private partial void LogWorks();
}
