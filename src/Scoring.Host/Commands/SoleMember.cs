using Scoring.Actors.Log;
using Scoring.Actors.Source;

namespace Scoring.Host.Commands;

/// <summary>
/// Commits offsets as the only member of a consumer group. A commit from outside would do for a group that is empty, but
/// brokers take that one from nobody while they remember a member that was killed, and some never again once a group has lived.
/// </summary>
/// <param name="client">The group; it is left in the end.</param>
/// <param name="patience">How long the group may take to forget members that are gone.</param>
/// <param name="time">The clock.</param>
internal sealed class SoleMember(IGroupClient client, TimeSpan patience, TimeProvider time) : IGroupListener
{
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<int> owned = [];

    /// <summary>Joins the group, commits, and leaves.</summary>
    /// <param name="offsets">An offset for each partition of the topic.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="GroupException">Others are in the group, or the brokers do not take the commit.</exception>
    internal void Commit(IReadOnlyList<(int Partition, long Offset)> offsets, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        client.Join(this);
        try
        {
            while (!TryCommit(offsets, time.GetElapsedTime(started) >= patience))
            {
                cancellation.ThrowIfCancellationRequested();
                try
                {
                    client.Poll(PollTimeout, out _, out _);
                }
                catch (LogGapException)
                {
                    // Nothing is read here; where the service goes on is checked by the caller.
                }
            }
        }
        finally
        {
            client.Close();
        }
    }

    IReadOnlyList<long>? IGroupListener.Assigned(IReadOnlyList<int> partitions)
    {
        owned.UnionWith(partitions);
        return null;
    }

    void IGroupListener.Revoked(IReadOnlyList<int> partitions) => owned.ExceptWith(partitions);

    void IGroupListener.Lost(IReadOnlyList<int> partitions) => owned.ExceptWith(partitions);

    private bool TryCommit(IReadOnlyList<(int Partition, long Offset)> offsets, bool isLast)
    {
        if (owned.Count < offsets.Count)
        {
            return isLast
                ? throw new GroupException($"within {patience.TotalSeconds:F0} s it gave {owned.Count} of {offsets.Count} partitions to a new member, so others are in it", false, null)
                : false;
        }

        try
        {
            client.Commit(offsets);
            return true;
        }
        catch (GroupException e) when (e.IsRetriable && !isLast)
        {
            // It rebalances once more.
            return false;
        }
    }
}
