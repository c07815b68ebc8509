using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>
/// A consumer group's coordinator. Members join and leave, are dropped when they are silent for longer than their
/// session timeout, and share the partitions out anew in each generation. It takes a commit from any member of the
/// current generation, whatever partitions it names, as Kafka does.
/// </summary>
public sealed class SimulatedGroup
{
    // How long the others may take to come to a rebalance, as max.poll.interval.ms.
    private static readonly TimeSpan RebalanceTimeout = TimeSpan.FromSeconds(60);

    private readonly SimulatedBroker broker;
    private readonly string groupId;
    private readonly string topic;
    private readonly Dictionary<string, Member> members = [];
    private readonly SortedDictionary<int, long> offsets = [];
    private readonly Dictionary<SimulatedTransaction, List<(int Partition, long Offset)>> pending = [];
    private int memberNumber;
    private bool rebalancing;
    private int rebalance;

    internal SimulatedGroup(SimulatedBroker broker, string groupId, string topic)
    {
        this.broker = broker;
        this.groupId = groupId;
        this.topic = topic;
    }

    /// <summary>The generation; one more after each rebalance.</summary>
    public int Generation { get; private set; }

    /// <summary>How many members there are.</summary>
    public int Members => members.Count;

    /// <summary>Whether the partitions are being shared out anew.</summary>
    public bool IsRebalancing => rebalancing;

    /// <summary>The committed offset of a partition; null before the first. One of a transaction counts as soon as that is decided.</summary>
    /// <param name="partition">The partition.</param>
    public long? Committed(int partition) => offsets.TryGetValue(partition, out var offset) ? offset : null;

    /// <summary>Whether no transaction holds an offset of a partition, so that what is committed can be told.</summary>
    /// <param name="partition">The partition.</param>
    public bool IsStable(int partition) => !pending.Values.Any(p => p.Exists(o => o.Partition == partition));

    /// <summary>Sets an offset, as an operator may while nobody is in the group.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">The offset of the next record to read.</param>
    public void Reset(int partition, long offset) => offsets[partition] = offset;

    internal string Join(SimulatedGroupClient client, string? memberId, IEnumerable<int> owned)
    {
        var id = memberId is not null && members.ContainsKey(memberId) ? memberId : $"{client.Name}-{++memberNumber}";
        members[id] = new Member(id, client) { LastSeen = broker.Scheduler.Now, HasJoined = true, Owned = [.. owned] };
        Watch(id);
        if (!rebalancing)
            Begin($"{id} joins");
        else
            CompleteIfAll();
        return id;
    }

    internal void Leave(string memberId)
    {
        if (members.Remove(memberId))
            Changed($"{memberId} leaves");
    }

    /// <summary>A member tells that it lives.</summary>
    /// <returns>False if it is a member no longer.</returns>
    internal bool Heartbeat(string memberId, out bool mustRejoin)
    {
        mustRejoin = false;
        if (!members.TryGetValue(memberId, out var member))
            return false;
        member.LastSeen = broker.Scheduler.Now;
        mustRejoin = rebalancing && !member.HasJoined;
        return true;
    }

    internal void Commit(string? memberId, int generation, IReadOnlyList<(int Partition, long Offset)> commits)
    {
        Check(memberId, generation);
        Set(commits);
    }

    /// <summary>Takes offsets into a transaction. They are fenced now, and no more when the transaction is committed.</summary>
    internal void Send(SimulatedTransaction transaction, string? memberId, int generation, IReadOnlyList<(int Partition, long Offset)> commits)
    {
        try
        {
            Check(memberId, generation);
        }
        catch (GroupException e)
        {
            throw new TransactionException(TransactionFailure.Abortable, e.Message, e);
        }

        transaction.Groups.Add(this);
        if (!pending.TryGetValue(transaction, out var its))
            pending[transaction] = its = [];
        its.AddRange(commits);
    }

    /// <summary>The transaction is committed: its offsets count, though nobody is told them before <see cref="Settle"/>.</summary>
    internal void Apply(SimulatedTransaction transaction) => Set(pending[transaction]);

    /// <summary>The transaction's marker is here.</summary>
    internal void Settle(SimulatedTransaction transaction) => pending.Remove(transaction);

    private void Check(string? memberId, int generation)
    {
        if (memberId is null || !members.TryGetValue(memberId, out var member))
            throw new GroupException($"{memberId} is no member of {groupId} (UNKNOWN_MEMBER_ID)", true, null);
        if (generation != Generation)
            throw new GroupException($"generation {generation} of {memberId} is not {Generation} (ILLEGAL_GENERATION)", true, null);
        member.LastSeen = broker.Scheduler.Now;
    }

    private void Set(IReadOnlyList<(int Partition, long Offset)> commits)
    {
        foreach (var (partition, offset) in commits)
        {
            var before = Committed(partition);
            offsets[partition] = offset;
            broker.ToldCommitted(groupId, partition, before, offset);
        }
    }

    private void Changed(string why)
    {
        if (members.Count == 0)
            rebalancing = false;
        else if (rebalancing)
            CompleteIfAll();
        else
            Begin(why);
    }

    private void Begin(string why)
    {
        rebalancing = true;
        var number = ++rebalance;
        broker.Scheduler.Trace.Note($"{groupId} rebalances: {why}");
        broker.Scheduler.After(broker.Scheduler.Environment, RebalanceTimeout, () =>
        {
            if (!rebalancing || rebalance != number)
                return;
            foreach (var late in members.Values.Where(m => !m.HasJoined).ToList())
                members.Remove(late.Id);
            CompleteIfAll();
        });
        CompleteIfAll();
    }

    private void CompleteIfAll()
    {
        if (!rebalancing || members.Count == 0 || members.Values.Any(m => !m.HasJoined))
            return;
        var number = rebalance;
        // Those who come together are to be served together.
        broker.Scheduler.After(broker.Scheduler.Environment, broker.SomeLatency(), () =>
        {
            if (rebalancing && rebalance == number && members.Count > 0 && members.Values.All(m => m.HasJoined))
                Complete();
        });
    }

    private void Complete()
    {
        rebalancing = false;
        Generation++;
        foreach (var member in members.Values)
            member.HasJoined = false;
        var shares = Assignment.Share([.. members.Values.Select(m => new AssignmentMember(m.Id, m.Client.Assignor, m.Owned))], broker.Topic(topic).Count);
        foreach (var member in members.Values)
        {
            var (id, share, generation) = (member.Id, shares[member.Id], Generation);
            broker.Scheduler.Trace.Note($"{groupId} generation {generation}: {id} gets {string.Join(',', share)}");
            broker.Scheduler.After(member.Client.Process, broker.SomeLatency(), () => member.Client.Assign(id, generation, share));
        }
    }

    private void Watch(string id)
    {
        if (!members.TryGetValue(id, out var member) || member.IsWatched)
            return;
        member.IsWatched = true;
        Check();

        void Check()
        {
            if (!members.TryGetValue(id, out var now) || now != member)
                return;
            var silent = broker.Scheduler.Now - member.LastSeen;
            if (silent < member.Client.SessionTimeout)
            {
                broker.Scheduler.After(broker.Scheduler.Environment, member.Client.SessionTimeout - silent, Check);
                return;
            }

            members.Remove(id);
            broker.Scheduler.Trace.Note($"{groupId} drops {id}: silent for {silent.TotalSeconds:F1} s");
            Changed($"{id} is gone");
        }
    }

    private sealed class Member(string id, SimulatedGroupClient client)
    {
        public string Id { get; } = id;

        public SimulatedGroupClient Client { get; } = client;

        public TimeSpan LastSeen { get; set; }

        public bool HasJoined { get; set; }

        public bool IsWatched { get; set; }

        public IReadOnlyList<int> Owned { get; init; } = [];
    }
}
