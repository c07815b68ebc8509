using System.Globalization;
using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>
/// Reads the rows of a file, and tells a row whose time is odd. A file is in the order of its times, more or less; one row of
/// the year 9999 among the others must not make every label known that lies behind it. So a row's own time counts only where
/// most of the rows behind it are not far before it.
/// </summary>
/// <remarks>Rows are read ahead, and copied, only when it is asked, which is seldom.</remarks>
/// <param name="reader">Reads the rows.</param>
/// <param name="tolerance">How far rows may be out of order without being odd.</param>
public sealed class RowsAhead(EventFileReader reader, TimeSpan tolerance)
{
    /// <summary>How many events behind a row are asked: a run of fewer than half as many wrong times is told from the others.</summary>
    public const int Asked = 15;

    private readonly Queue<EventFileRow> ahead = new();
    private readonly long toleranceMicros = tolerance.Ticks / TimeSpan.TicksPerMicrosecond;
    private int events;
    private bool isCopy;

    /// <summary>Reads the next row.</summary>
    /// <param name="row">The row; what it refers to is valid until the next call, or that of <see cref="IsOdd"/>.</param>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="EventFileException">The file can't be read on.</exception>
    public bool Read(out EventFileRow row)
    {
        isCopy = ahead.TryDequeue(out row);
        if (!isCopy)
            return reader.Read(out row);
        events -= row.Error is null ? 1 : 0;
        return true;
    }

    /// <summary>Whether the time of the row that was read last is far ahead of most rows behind it, so that nothing becomes known by it.</summary>
    /// <param name="row">The row, an event; afterwards it is a copy that stays valid.</param>
    /// <param name="said">What is said of it, to stand behind its line; null if its time is not odd.</param>
    /// <exception cref="EventFileException">The file can't be read on.</exception>
    public bool IsOdd(ref EventFileRow row, out string? said)
    {
        if (!isCopy)
        {
            row = row with { Transaction = row.Transaction.Copy() };
            isCopy = true;
        }

        while (events < Asked && reader.Read(out var next))
        {
            ahead.Enqueue(next.Error is null ? next with { Transaction = next.Transaction.Copy() } : next);
            events += next.Error is null ? 1 : 0;
        }

        var own = row.Transaction.EventTimeMicros;
        var most = Median(own);
        said = own - most > toleranceMicros
            ? string.Create(CultureInfo.InvariantCulture, $"eventTime {EventTime.Format(own)} is ahead of most rows behind it, which are of about {EventTime.Format(most)}: no label becomes known by it")
            : null;
        return said is not null;
    }

    private long Median(long withoutAny)
    {
        Span<long> times = stackalloc long[Asked];
        var count = 0;
        foreach (var row in ahead)
        {
            if (row.Error is null && count < Asked)
                times[count++] = row.Transaction.EventTimeMicros;
        }

        if (count == 0)
            return withoutAny;
        times[..count].Sort();
        return times[(count - 1) / 2];
    }
}
