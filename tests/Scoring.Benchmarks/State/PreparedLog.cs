using System.Runtime.CompilerServices;
using Scoring.Actors.Log;

namespace Scoring.Benchmarks.State;

/// <summary>A partition of the input log in memory, whose offsets begin at 0.</summary>
internal sealed class PreparedLog(IReadOnlyList<InputRecord> records) : ILogReader
{
    public Task<(long Low, long High)> BoundsAsync(int partition, CancellationToken cancellation) => Task.FromResult((0L, (long)records.Count));

    public async IAsyncEnumerable<InputRecord> ReadAsync(int partition, long from, long to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        for (var offset = from; offset < to; offset++)
            yield return records[(int)offset];
    }
}
