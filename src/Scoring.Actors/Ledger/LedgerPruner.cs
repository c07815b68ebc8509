using Microsoft.Extensions.Logging;
using Scoring.Models.Wire;

namespace Scoring.Actors.Ledger;

/// <summary>Removes what is too old, by the node's clock, now and then. Owned by the thread that writes.</summary>
/// <param name="ledger">The ledger.</param>
/// <param name="options">What is too old.</param>
/// <param name="time">The clock.</param>
/// <param name="metrics">Where failures are counted.</param>
/// <param name="logger">Where they are logged.</param>
internal sealed partial class LedgerPruner(IScoreLedger ledger, LedgerOptions options, TimeProvider time, LedgerMetrics metrics, ILogger logger)
{
    private const int EveryWrites = 256;
    private long writes;

    /// <summary>A write has been done.</summary>
    internal void Wrote()
    {
        if (++writes % EveryWrites == 0)
            Prune();
    }

    // What is too old stays until the next time.
    private void Prune()
    {
        try
        {
            ledger.Prune(EventTime.Of(time.GetUtcNow()) - (options.Retention.Ticks / TimeSpan.TicksPerMicrosecond));
        }
        catch (LedgerUnavailableException e)
        {
            metrics.Failures.Add(1);
            LogNotPruned(e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old scores could not be removed from the ledger ({Reason}); it is tried again later")]
    private partial void LogNotPruned(string reason);
}
