using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Host.Options;

namespace Scoring.Host.Commands;

/// <summary>
/// Finds out whether a bootstrap may be made, and at which offsets. It commits the offsets before anything is stored: a
/// checkpoint never lies beyond the group's offset, and a group that has members refuses the commit of one who is none.
/// </summary>
internal sealed class BootstrapPlan(ScoringOptions options, KafkaLogReader log, IGroupClient group, ISnapshotStore store)
{
    // A node that runs reports this often at least.
    private const int ReportsMissed = 5;

    /// <summary>Checks what there is, and commits where the group has no offset yet.</summary>
    /// <param name="settings">What was asked for.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The offset of each partition's checkpoint.</returns>
    /// <exception cref="BootstrapException">It may not be made.</exception>
    internal async Task<IReadOnlyList<long>> PrepareAsync(BootstrapSettings settings, CancellationToken cancellation)
    {
        var partitions = Enumerable.Range(0, await log.PartitionCountAsync(cancellation)).ToList();
        await store.PrepareAsync(new LogIdentity(options.Topics.Resolved().Transactions, "", partitions.Count, options.Source.GroupId), cancellation);
        CheckShards(await store.ShardsAsync(cancellation), settings.Replace);
        var committed = Asking(() => group.Committed(partitions), "does not tell its offsets");
        var offsets = new List<long>();
        foreach (var partition in partitions)
            offsets.Add(OffsetOf(partition, settings.At, await log.BoundsAsync(partition, cancellation), committed[partition]));
        foreach (var unknown in settings.At.Offsets.Keys.Where(p => p >= partitions.Count))
            throw new BootstrapException($"--at names partition {unknown}; {options.Topics.Resolved().Transactions} has {partitions.Count}");
        Asking(
            () =>
            {
                group.Commit([.. partitions.Select(p => (p, committed[p] ?? offsets[p]))]);
                return true;
            },
            "refuses a commit; if it has members, stop them");
        return offsets;
    }

    private void CheckShards(IReadOnlyList<ShardRow> shards, bool replace)
    {
        var running = options.State.ReportInterval * ReportsMissed;
        if (shards.FirstOrDefault(s => s.ReportAge < running) is { } live)
            throw new BootstrapException($"node {live.Owner.NodeId} has reported partition {live.Report.Partition} {live.ReportAge!.Value.TotalSeconds:F0} s ago; stop the nodes of group {options.Source.GroupId}, and wait {running.TotalSeconds:F0} s");
        if (!replace && shards.FirstOrDefault(s => s.CheckpointOffset is not null) is { } stored)
            throw new BootstrapException($"partition {stored.Report.Partition} has a checkpoint at offset {stored.CheckpointOffset} already; --replace forgets what is stored");
    }

    private static long OffsetOf(int partition, StartOffsets at, (long Low, long High) bounds, long? committed)
    {
        var offset = at.Word switch
        {
            StartOffsets.Earliest => bounds.Low,
            StartOffsets.Latest => bounds.High,
            StartOffsets.Committed => committed ?? throw new BootstrapException($"the group has committed nothing for partition {partition}; say with --at earliest, latest or PARTITION:OFFSET where it begins"),
            _ => at.Offsets.TryGetValue(partition, out var given) ? given : throw new BootstrapException($"--at says nothing of partition {partition}"),
        };
        if (offset < bounds.Low || offset > bounds.High)
            throw new BootstrapException($"--at: offset {offset} of partition {partition} is outside the log, which holds {bounds.Low} to {bounds.High}");
        if (offset > committed)
            throw new BootstrapException($"--at: offset {offset} of partition {partition} lies beyond {committed}, up to which the group has come: what is between would never be scored; --at committed goes on there");
        return offset;
    }

    private T Asking<T>(Func<T> question, string what)
    {
        try
        {
            return question();
        }
        catch (GroupException e)
        {
            throw new BootstrapException($"group {options.Source.GroupId} {what} ({e.Message})");
        }
    }
}
