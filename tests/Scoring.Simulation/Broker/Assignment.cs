using Scoring.Actors.Source;

namespace Scoring.Simulation.Broker;

/// <summary>A member of a group that partitions are shared out to.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Assignor">How it wants them to be shared out.</param>
/// <param name="Owned">What it has.</param>
internal sealed record AssignmentMember(string Id, Assignor Assignor, IReadOnlyList<int> Owned);

/// <summary>Shares the partitions of a topic out to the members of a group.</summary>
internal static class Assignment
{
    internal static Dictionary<string, List<int>> Share(IReadOnlyList<AssignmentMember> members, int partitions)
    {
        var sorted = members.OrderBy(m => m.Id, StringComparer.Ordinal).ToList();
        return sorted.All(m => m.Assignor == Assignor.CooperativeSticky) ? Sticky(sorted, partitions) : Range(sorted, partitions);
    }

    private static Dictionary<string, List<int>> Range(List<AssignmentMember> members, int partitions)
    {
        var shares = new Dictionary<string, List<int>>();
        var next = 0;
        for (var i = 0; i < members.Count; i++)
        {
            var count = (partitions / members.Count) + (i < partitions % members.Count ? 1 : 0);
            shares[members[i].Id] = [.. Enumerable.Range(next, count)];
            next += count;
        }

        return shares;
    }

    // Everybody keeps what it has up to a fair share. What moves is first only taken away: its new owner gets it in the
    // next round, when the old one has let go.
    private static Dictionary<string, List<int>> Sticky(List<AssignmentMember> members, int partitions)
    {
        var owners = new Dictionary<int, string>();
        foreach (var member in members)
        {
            foreach (var partition in member.Owned)
                owners.TryAdd(partition, member.Id);
        }

        var shares = members.ToDictionary(m => m.Id, m => m.Owned.Where(p => owners[p] == m.Id).Order().ToList());
        var free = new Queue<int>(Enumerable.Range(0, partitions).Where(p => !owners.ContainsKey(p)));
        while (free.TryDequeue(out var partition))
            shares[Least()].Add(partition);
        while (shares[Most()].Count - shares[Least()].Count > 1)
            Move(Most(), Least());
        foreach (var (id, share) in shares)
            share.RemoveAll(p => owners.TryGetValue(p, out var owner) && owner != id);
        return shares;

        string Least() => members.MinBy(m => shares[m.Id].Count)!.Id;
        string Most() => members.MaxBy(m => shares[m.Id].Count)!.Id;

        void Move(string from, string to)
        {
            var partition = shares[from][^1];
            shares[from].Remove(partition);
            shares[to].Add(partition);
        }
    }
}
