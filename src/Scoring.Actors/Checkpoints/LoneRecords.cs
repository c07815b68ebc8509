namespace Scoring.Actors.Checkpoints;

/// <summary>Which records are taken alone, since they or their neighbours failed before. Never changes, so any thread may ask.</summary>
/// <param name="from">From this offset on each record is.</param>
/// <param name="before">Up to before this one.</param>
/// <param name="suspects">Further ones, ascending.</param>
public sealed class LoneRecords(long from, long before, long[] suspects)
{
    /// <summary>Before which offset a batch ends that begins with a given one.</summary>
    /// <param name="first">The offset of its first record.</param>
    public long EndOfBatch(long first)
    {
        var next = Array.BinarySearch(suspects, first);
        if (next >= 0 || (first >= from && first < before))
            return first + 1;
        var end = from > first && from < before ? from : long.MaxValue;
        return ~next < suspects.Length ? Math.Min(end, suspects[~next]) : end;
    }
}
