namespace Scoring.Actors.Log;

/// <summary>Reads a stretch of a partition of the input log beside the consumer group, as recovery does.</summary>
public interface ILogReader
{
    /// <summary>Reads how far a partition reaches.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The offset of its oldest record, and the one behind its newest.</returns>
    Task<(long Low, long High)> BoundsAsync(int partition, CancellationToken cancellation);

    /// <summary>Reads the records in [<paramref name="from"/>, <paramref name="to"/>), in order.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="from">The first offset.</param>
    /// <param name="to">The offset behind the last; not beyond the log's end.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <returns>The records; offsets that hold none (markers of transactions, compacted ones) are left out.</returns>
    /// <exception cref="LogGapException">The log no longer reaches back to <paramref name="from"/>, or does not reach <paramref name="to"/>.</exception>
    IAsyncEnumerable<InputRecord> ReadAsync(int partition, long from, long to, CancellationToken cancellation);
}

/// <summary>The log does not hold what was asked for.</summary>
public sealed class LogGapException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="message">Which partition, which offsets, and what the log holds.</param>
    /// <param name="lost">Records that left the log before they were read; 0 where that is not known.</param>
    public LogGapException(int partition, string message, long lost = 0)
        : base(message) => (Partition, Lost) = (partition, lost);

    /// <summary>The partition.</summary>
    public int Partition { get; }

    /// <summary>Records that left the log before they were read; 0 where that is not known.</summary>
    public long Lost { get; }
}
