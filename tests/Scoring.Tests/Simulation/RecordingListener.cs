using Scoring.Actors.Source;

namespace Scoring.Tests.Simulation;

/// <summary>A listener that starts partitions where the group stands and keeps count of what a member owns.</summary>
internal sealed class RecordingListener(IGroupClient client) : IGroupListener
{
    public SortedSet<int> Owned { get; } = [];

    public bool WasAssigned { get; private set; }

    public List<string> Calls { get; } = [];

    public Action<IReadOnlyList<int>>? WhenRevoked { get; set; }

    public IReadOnlyList<long>? Assigned(IReadOnlyList<int> partitions)
    {
        WasAssigned = true;
        Calls.Add($"assigned {string.Join(',', partitions.Order())}");
        Owned.UnionWith(partitions);
        var committed = CommittedOf(partitions);
        return [.. partitions.Select((p, i) => committed[i] ?? client.FirstStartOf(p))];
    }

    // As the service does: while a group rebalances, a loaded broker may answer no offsets in time.
    private IReadOnlyList<long?> CommittedOf(IReadOnlyList<int> partitions)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return client.Committed(partitions);
            }
            catch (GroupException e) when (tries < 6 && e.IsRetriable)
            {
                // The client has waited already.
            }
        }
    }

    public void Revoked(IReadOnlyList<int> partitions)
    {
        Calls.Add($"revoked {string.Join(',', partitions.Order())}");
        WhenRevoked?.Invoke(partitions);
        Owned.ExceptWith(partitions);
    }

    public void Lost(IReadOnlyList<int> partitions)
    {
        Calls.Add($"lost {string.Join(',', partitions.Order())}");
        Owned.ExceptWith(partitions);
    }
}
