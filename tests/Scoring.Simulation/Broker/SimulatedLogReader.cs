using System.Runtime.CompilerServices;
using Scoring.Actors.Log;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>Reads stretches of a partition beside the group.</summary>
/// <param name="broker">What holds the log.</param>
/// <param name="process">Who reads.</param>
/// <param name="topic">The topic.</param>
public sealed class SimulatedLogReader(SimulatedBroker broker, VirtualProcess process, string topic) : ILogReader
{
    private const int RecordsPerFetch = 16;

    /// <inheritdoc/>
    public async Task<(long Low, long High)> BoundsAsync(int partition, CancellationToken cancellation)
    {
        await FetchAsync(cancellation);
        var log = broker.Topic(topic)[partition];
        return (log.Start, log.LastStable);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<InputRecord> ReadAsync(int partition, long from, long to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var log = broker.Topic(topic)[partition];
        if (from < log.Start || to > log.LastStable)
            throw new LogGapException(partition, $"partition {partition}: [{from}, {to}) was asked for; the log holds [{log.Start}, {log.LastStable})");
        for (var offset = from; offset < to; offset++)
        {
            if ((offset - from) % RecordsPerFetch == 0)
                await FetchAsync(cancellation);
            // What was trimmed meanwhile is gone for a slow reader.
            if (offset < log.Start)
                throw new LogGapException(partition, $"partition {partition}: offset {offset} was trimmed while it was read; the log holds [{log.Start}, {log.End})");
            if (!log.Everything[(int)offset].IsCommitted)
                continue;
            yield return RecordConversion.ToInput(log.Everything[(int)offset], process);
        }
    }

    private async Task FetchAsync(CancellationToken cancellation)
    {
        do
        {
            await Task.Delay(broker.SomeLatency(), process.Time, cancellation);
        }
        while (broker.IsAway);
    }
}
