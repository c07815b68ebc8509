using Scoring.Actors.Source;
using Scoring.Actors.State;
using Scoring.Host.Options;

namespace Scoring.Host.Commands;

/// <summary>
/// Finds out whether a bootstrap may be made, and at which offsets. It commits the offsets before anything is stored: a
/// checkpoint never lies beyond the group's offset. It does so as the group's only member, which shows that no node is in it.
/// </summary>
internal sealed class BootstrapPlan(ScoringOptions options, KafkaLogReader log, IGroupClient group, ISnapshotStore store, TimeProvider time)
{
    // A node that runs reports this often at least.
    private const int ReportsMissed = 5;

    private static readonly TimeSpan JoinTime = TimeSpan.FromSeconds(15);

    /// <summary>Checks what there is, and commits where the group has no offset yet.</summary>
    /// <param name="settings">What was asked for.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The offset of each partition's checkpoint.</returns>
    /// <exception cref="BootstrapException">It may not be made.</exception>
    internal async Task<IReadOnlyList<long>> PrepareAsync(BootstrapSettings settings, CancellationToken cancellation)
    {
        var partitions = Enumerable.Range(0, await log.PartitionCountAsync(cancellation)).ToList();
        await store.PrepareAsync(new LogIdentity(options.Topics.Resolved().Transactions, "", partitions.Count, options.Source.GroupId), cancellation);
        await CheckShardsAsync(settings.Replace, cancellation);
        var committed = Asking(() => group.Committed(partitions), "does not tell its offsets");
        var offsets = new List<long>();
        foreach (var partition in partitions)
            offsets.Add(OffsetOf(partition, settings.At, await log.BoundsAsync(partition, cancellation), committed[partition]));
        foreach (var unknown in settings.At.Offsets.Keys.Where(p => p >= partitions.Count))
            throw new BootstrapException($"--at names partition {unknown}; {options.Topics.Resolved().Transactions} has {partitions.Count}");
        Asking(
            () =>
            {
                new SoleMember(group, options.Source.SessionTimeout + JoinTime, time).Commit([.. partitions.Select(p => (p, committed[p] ?? offsets[p]))], cancellation);
                return true;
            },
            "can't be committed; if it has members, stop them");
        return offsets;
    }

    private async Task CheckShardsAsync(bool replace, CancellationToken cancellation)
    {
        var shards = await store.ShardsAsync(cancellation);
        if (!replace && shards.FirstOrDefault(s => s.CheckpointOffset is not null) is { } stored)
            throw new BootstrapException($"partition {stored.Report.Partition} has a checkpoint at offset {stored.CheckpointOffset} already; --replace forgets what is stored");
        var silence = options.State.ReportInterval * ReportsMissed;
        if (!shards.Any(s => s.ReportAge < silence))
            return;
        // A node that has just been stopped reports no more; one that runs does.
        await Task.Delay(silence, time, cancellation);
        if ((await store.ShardsAsync(cancellation)).FirstOrDefault(s => s.ReportAge < silence) is { } live)
            throw new BootstrapException($"node {live.Owner.NodeId} has reported partition {live.Report.Partition} {live.ReportAge!.Value.TotalSeconds:F0} s ago; stop the nodes of group {options.Source.GroupId} first");
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
