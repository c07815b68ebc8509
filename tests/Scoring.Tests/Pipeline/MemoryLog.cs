using System.Runtime.CompilerServices;
using Scoring.Actors.Log;

namespace Scoring.Tests.Pipeline;

/// <summary>A partition of the input log that can be read again.</summary>
internal sealed class MemoryLog : ILogReader
{
    private readonly SortedDictionary<long, InputRecord> records = [];

    /// <summary>The offset of the oldest record that it still has.</summary>
    public long Low { get; set; }

    /// <summary>Is waited for before a record is given out.</summary>
    public Func<long, CancellationToken, Task>? Reading { get; set; }

    /// <summary>The records that were read again.</summary>
    public List<long> Read { get; } = [];

    public long High => records.Count == 0 ? Low : records.Keys.Last() + 1;

    public void Add(in InputRecord record) => records[record.Offset] = record;

    public Task<(long Low, long High)> BoundsAsync(int partition, CancellationToken cancellation) => Task.FromResult((Low, High));

    public async IAsyncEnumerable<InputRecord> ReadAsync(int partition, long from, long to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (from < Low || to > High)
            throw new LogGapException(partition, $"{from} to {to} are needed, there are {Low} to {High}");
        foreach (var record in records.Values.Where(r => r.Offset >= from && r.Offset < to).ToList())
        {
            Read.Add(record.Offset);
            await Task.Yield();
            await (Reading?.Invoke(record.Offset, cancellation) ?? Task.CompletedTask);
            yield return record;
        }
    }
}
