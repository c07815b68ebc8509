using Scoring.Actors.Log;
using Scoring.Actors.Source;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Broker;

/// <summary>
/// A member of a simulated group, with what librdkafka does in the background: heartbeats while the process runs, the
/// eager or the cooperative protocol, positions of its own. Listener calls happen inside <see cref="Poll"/> and <see cref="Close"/>.
/// </summary>
public sealed class SimulatedGroupClient : IGroupClient
{
    private static readonly TimeSpan UnstablePause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    private readonly SimulatedBroker broker;
    private readonly SimulatedGroup group;
    private readonly string topic;
    private readonly string nodeId;
    private readonly TimeSpan heartbeat;
    private readonly FirstStart firstStart;
    private readonly SortedDictionary<int, long> positions = [];
    private readonly HashSet<int> paused = [];
    private readonly Dictionary<int, long> ends = [];
    private readonly HashSet<int> gaps = [];
    private readonly Dictionary<int, long> firstStarts = [];
    private IGroupListener? listener;
    private string? memberId;
    private int generation;
    private bool mustRejoin;
    private bool isLost;
    private bool isClosed;
    private (int Generation, IReadOnlyList<int> Share)? assignment;

    /// <summary>Makes a member that has not joined yet.</summary>
    /// <param name="broker">The cluster.</param>
    /// <param name="process">Whose it is.</param>
    /// <param name="topic">What it reads.</param>
    /// <param name="options">How.</param>
    /// <param name="nodeId">The node, by which it knows its own waiters.</param>
    public SimulatedGroupClient(SimulatedBroker broker, VirtualProcess process, string topic, SourceOptions options, string nodeId)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(process);
        this.broker = broker;
        Process = process;
        this.topic = topic;
        this.nodeId = nodeId;
        group = broker.Group(options.GroupId, topic);
        Assignor = options.Assignor;
        SessionTimeout = options.SessionTimeout;
        heartbeat = options.HeartbeatInterval;
        firstStart = options.FirstStart;
    }

    /// <summary>Whose it is.</summary>
    public VirtualProcess Process { get; }

    /// <summary>How it wants partitions to be shared out.</summary>
    public Assignor Assignor { get; }

    /// <summary>How long it may be silent.</summary>
    public TimeSpan SessionTimeout { get; }

    /// <summary>Its name in the group.</summary>
    public string Name => Process.Name;

    /// <summary>The partitions that it owns.</summary>
    public IEnumerable<int> Owned => positions.Keys;

    /// <summary>Whether the next <see cref="Poll"/> calls the listener, which may block.</summary>
    public bool HasNews => isLost || assignment is not null || (mustRejoin && memberId is not null);

    /// <summary>Whether the next <see cref="Poll"/> may have a record.</summary>
    public bool HasRecords => positions.Any(p => !paused.Contains(p.Key) && broker.Topic(topic)[p.Key] is var log && log.NextCommitted(p.Value) < log.LastStable);

    /// <summary>Who it is in the group, as a transaction's offsets name it.</summary>
    internal (string? MemberId, int Generation) Membership => (memberId, generation);

    /// <summary>Its group.</summary>
    internal SimulatedGroup Group => group;

    /// <summary>Where it began when the partition first came to it; null if it never did.</summary>
    /// <param name="partition">The partition.</param>
    public long? FirstStartedAt(int partition) => firstStarts.TryGetValue(partition, out var start) ? start : null;

    /// <inheritdoc/>
    public void Join(IGroupListener listener)
    {
        this.listener = listener;
        SendJoin([]);
        Beat();
    }

    /// <inheritdoc/>
    public bool Poll(TimeSpan timeout, out int partition, out InputRecord record)
    {
        Process.ThrowIfCrashed();
        (partition, record) = (-1, default);
        if (HasNews)
        {
            TellNews();
            return false;
        }

        if (broker.IsAway)
            return false;
        var ready = positions.Where(p => !paused.Contains(p.Key) && !gaps.Contains(p.Key) && !IsAtEnd(p.Key, p.Value)).Select(p => p.Key).ToList();
        if (ready.Count == 0)
            return false;
        partition = ready[broker.Scheduler.Next(ready.Count)];
        var log = broker.Topic(topic)[partition];
        ends[partition] = log.End;
        var position = positions[partition];
        if (position < log.Start || position > log.End)
        {
            gaps.Add(partition);
            throw new LogGapException(partition, $"partition {partition}: offset {position} is not in [{log.Start}, {log.End})");
        }

        position = log.NextCommitted(position);
        positions[partition] = position + 1;
        record = RecordConversion.ToInput(log.Everything[(int)position], Process);
        return true;
    }

    /// <inheritdoc/>
    public void Seek(int partition, long offset)
    {
        Process.ThrowIfCrashed();
        if (!positions.ContainsKey(partition))
            throw new GroupException($"partition {partition} is not read by {Name}", true, null);
        positions[partition] = offset;
        gaps.Remove(partition);
    }

    /// <inheritdoc/>
    public IReadOnlyList<long?> Committed(IReadOnlyList<int> partitions)
    {
        Process.ThrowIfCrashed();
        ThrowIfAway();
        ThrowIfUnstable(partitions);
        return [.. partitions.Select(group.Committed)];
    }

    /// <inheritdoc/>
    public long FirstStartOf(int partition)
    {
        Process.ThrowIfCrashed();
        ThrowIfAway();
        var log = broker.Topic(topic)[partition];
        return firstStart == FirstStart.Earliest ? log.Start : log.End;
    }

    /// <inheritdoc/>
    public void Commit(IReadOnlyList<(int Partition, long Offset)> offsets)
    {
        // Answered at once: it is called under a lock, which no other thread of the simulation could wait for.
        Process.ThrowIfCrashed();
        if (broker.IsAway || broker.Happens(broker.Faults.FailedCommitOneIn))
            throw new GroupException("the coordinator is not available", true, null);
        group.Commit(memberId, generation, offsets);
        foreach (var (partition, offset) in offsets)
        {
            if (!positions.ContainsKey(partition))
                broker.ForeignCommit?.Invoke(Name, partition, offset);
        }

        if (broker.Happens(broker.Faults.LostCommitAnswerOneIn))
            throw new GroupException("the commit's answer did not come in time", true, null);
    }

    /// <inheritdoc/>
    public void Pause(int partition) => paused.Add(partition);

    /// <inheritdoc/>
    public void Resume(int partition) => paused.Remove(partition);

    /// <inheritdoc/>
    public long? EndOffset(int partition) => ends.TryGetValue(partition, out var end) ? end : null;

    /// <inheritdoc/>
    public void Close()
    {
        Process.ThrowIfCrashed();
        if (isClosed)
            return;
        if (isLost)
            TellLost();
        else if (positions.Count > 0)
            TellRevoked([.. positions.Keys]);
        isClosed = true;
        if (memberId is { } id && !broker.IsAway)
            group.Leave(id);
    }

    /// <inheritdoc/>
    public void Dispose() => isClosed = true;

    /// <summary>The coordinator's answer to a join: heard in the background, told at the next poll.</summary>
    internal void Assign(string id, int newGeneration, IReadOnlyList<int> share)
    {
        if (id != memberId || isClosed)
            return;
        // A commit uses the new generation from here on, though the listener does not know of it yet.
        generation = newGeneration;
        mustRejoin = false;
        assignment = (newGeneration, share);
    }

    // Markers and aborted records at the end are passed over with the next record; outside the log is not at its end.
    private bool IsAtEnd(int partition, long position)
    {
        var log = broker.Topic(topic)[partition];
        ends[partition] = log.End;
        return position >= log.Start && position <= log.LastStable && log.NextCommitted(position) == log.LastStable;
    }

    // Answers that don't come are waited for where the caller may block.
    private void ThrowIfAway()
    {
        if (broker.IsAway)
            Process.Scheduler.Idle(Process, AnswerTimeout);
        if (broker.IsAway)
            throw new GroupException("no broker answers", true, null);
    }

    private void ThrowIfUnstable(IReadOnlyList<int> partitions)
    {
        for (var waited = TimeSpan.Zero; waited < AnswerTimeout && !partitions.All(group.IsStable); waited += UnstablePause)
            Process.Scheduler.Idle(Process, UnstablePause);
        if (!partitions.All(group.IsStable))
            throw new GroupException("offsets of a transaction that is not ended (UNSTABLE_OFFSET_COMMIT)", true, null);
    }

    private void TellNews()
    {
        if (isLost)
            TellLost();
        else if (assignment is { } given)
            TellAssignment(given.Share);
        else
            Rejoin();
    }

    private void TellLost()
    {
        isLost = false;
        assignment = null;
        mustRejoin = false;
        memberId = null;
        var lost = positions.Keys.ToList();
        Note($"lost {string.Join(',', lost)}");
        if (lost.Count > 0)
            listener!.Lost(lost);
        Forget(lost);
        if (!isClosed)
            SendJoin([]);
    }

    private void Rejoin()
    {
        mustRejoin = false;
        if (Assignor == Assignor.Range && positions.Count > 0)
            TellRevoked([.. positions.Keys]);
        // Dropped while it was in the listener: the next poll tells.
        if (!isLost)
            SendJoin(positions.Keys);
    }

    private void TellAssignment(IReadOnlyList<int> share)
    {
        assignment = null;
        var leaving = positions.Keys.Except(share).ToList();
        if (leaving.Count > 0)
            TellRevoked(leaving);
        var coming = share.Except(positions.Keys).ToList();
        if (isLost)
            return;
        if (coming.Count > 0 || leaving.Count == 0)
            TellAssigned(coming);
        if (leaving.Count > 0)
            SendJoin(positions.Keys);
    }

    private void TellAssigned(List<int> coming)
    {
        var starts = listener!.Assigned(coming);
        Process.ThrowIfCrashed();
        for (var i = 0; i < coming.Count; i++)
        {
            positions[coming[i]] = starts?[i] ?? broker.Topic(topic)[coming[i]].End;
            firstStarts.TryAdd(coming[i], positions[coming[i]]);
            Note($"assigned p{coming[i]} from {positions[coming[i]]}");
        }
    }

    private void TellRevoked(List<int> leaving)
    {
        Note($"revoked {string.Join(',', leaving)}");
        listener!.Revoked(leaving);
        Process.ThrowIfCrashed();
        Forget(leaving);
    }

    private void Forget(IEnumerable<int> partitions)
    {
        foreach (var partition in partitions)
        {
            positions.Remove(partition);
            paused.Remove(partition);
            gaps.Remove(partition);
            ends.Remove(partition);
        }
    }

    private void SendJoin(IEnumerable<int> owned)
    {
        var has = owned.ToList();
        broker.Scheduler.After(Process, broker.SomeLatency(), () =>
        {
            if (isClosed || isLost)
                return;
            if (broker.IsAway)
                SendJoin(has);
            else
                memberId = group.Join(this, memberId, has);
        });
    }

    private void Beat() => broker.Scheduler.After(Process, heartbeat, () =>
    {
        if (isClosed)
            return;
        if (memberId is { } id && !isLost)
            broker.Scheduler.After(broker.Scheduler.Environment, broker.SomeLatency(), () => ArriveBeat(id));
        Beat();
    });

    private void ArriveBeat(string id)
    {
        if (broker.IsAway || broker.Happens(broker.Faults.LostHeartbeatOneIn))
            return;
        var isMember = group.Heartbeat(id, out var rejoin);
        broker.Scheduler.After(Process, broker.SomeLatency(), () =>
        {
            if (id != memberId)
                return;
            isLost |= !isMember;
            mustRejoin |= isMember && rejoin;
        });
    }

    private void Note(string what) => broker.Scheduler.Trace.Note($"{Name} {what}");
}
