namespace Scoring.Crash;

/// <summary>Kills nodes and stops their clocks at times that a seed decides, one at a time, so that the others can take over.</summary>
internal sealed class Chaos(Cluster cluster, Monitor monitor, int seed, Action<string> say)
{
    private static readonly TimeSpan HandOverLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan CheckpointLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly Random random = new(seed);
    private readonly long began = TimeProvider.System.GetTimestamp();

    private TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(began);

    /// <summary>Goes on until it is stopped; then each node runs again.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            try
            {
                await Task.Delay(Between(2, 8), stop);
                await EachIsReadyAsync(stop);
                // A kind for each of the first two, so that a short run has both; then as chance has it.
                var kind = number < 2 ? (FaultKind)number : (FaultKind)random.Next(2);
                if (Victim() is { } victim)
                    await StrikeAsync(kind, victim, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task StrikeAsync(FaultKind kind, ClusterNode victim, CancellationToken stop)
    {
        var fault = monitor.Begin(kind, victim, Elapsed);
        say($"{fault.At.TotalSeconds,6:F1} s  {fault}, owner of {string.Join(", ", fault.HandOvers.Select(h => h.Partition))}");
        if (kind == FaultKind.Kill)
            await KillAsync(victim);
        else
            await StopAsync(fault, stop);
        monitor.End(victim);
        await TakenOverAsync(fault, h => h.Scored is not null, stop);
        foreach (var owner in fault.HandOvers.Where(h => h is { Acquired: not null, Scored: not null }).GroupBy(h => h.Owner))
            say($"{Elapsed.TotalSeconds,6:F1} s    {owner.Key} took {string.Join(", ", owner.Select(h => h.Partition))}: theirs after {Range(owner.Select(h => h.Acquired!.Value))} s, first scores after {Range(owner.Select(h => h.Scored!.Value))} s");
    }

    private async Task KillAsync(ClusterNode victim)
    {
        victim.Kill();
        await victim.Process.ExitAsync(ReadyLimit);
        // Sooner or later than the others have noticed.
        await Task.Delay(Between(0, 10));
        await victim.DisposeProcessAsync();
        victim.Start();
        say($"{Elapsed.TotalSeconds,6:F1} s    {victim.Name} is started again");
    }

    private async Task StopAsync(Fault fault, CancellationToken stop)
    {
        // In the middle of a checkpoint, which arrives when another node has the shard.
        var hold = fault.Node.Gate.HoldNext();
        await Task.WhenAny(hold.Caught, Task.Delay(CheckpointLimit, stop));
        fault.Node.StopClock();
        say($"{Elapsed.TotalSeconds,6:F1} s    {(hold.Caught.IsCompleted ? "stopped with a checkpoint under way" : "no checkpoint was under way")}");
        try
        {
            await Task.Delay(Between(7, 20), stop);
            await TakenOverAsync(fault, h => h.Acquired is not null, stop);
        }
        finally
        {
            hold.Release();
            await Task.WhenAny(hold.Landed, Task.Delay(AnswerLimit, CancellationToken.None));
            fault.Node.Continue();
            // A run that ends meanwhile wakes it up before anyone has missed it.
            var isDowned = fault.HandOvers.All(h => h.Acquired is not null);
            if (isDowned && hold.Landed.IsCompletedSuccessfully)
                fault.Node.SavedLate();
            say($"{Elapsed.TotalSeconds,6:F1} s    {fault.Node.Name} wakes up{(hold.Landed.IsCompletedSuccessfully ? await hold.Landed ? ", its save taken late" : ", its save refused" : "")}");
            if (isDowned)
                await BackAsync(fault.Node);
        }
    }

    // The others have downed it: it ends by itself as soon as it learns so, and an orchestrator starts it again.
    private async Task BackAsync(ClusterNode node)
    {
        int status;
        try
        {
            status = await node.Process.ExitAsync(ReadyLimit);
        }
        catch (TimeoutException)
        {
            monitor.AddProblem($"{node.Name} was downed, and had not ended {ReadyLimit.TotalSeconds:N0} s after it woke up; it had said:\n{node.Process.Said}");
            return;
        }

        if (status == 0)
            monitor.AddProblem($"{node.Name} was downed, and ended with status 0: nobody would start it again");
        await node.DisposeProcessAsync();
        node.Start();
        say($"{Elapsed.TotalSeconds,6:F1} s    {node.Name} has ended with status {status}, and is started again");
    }

    private ClusterNode? Victim()
    {
        var owners = cluster.Nodes.Where(n => monitor.Shards.Any(s => s.Owner == n.Name)).ToList();
        return owners.Count == 0 ? null : owners[random.Next(owners.Count)];
    }

    private async Task TakenOverAsync(Fault fault, Func<HandOver, bool> condition, CancellationToken stop)
    {
        if (!await HoldsAsync(() => Task.FromResult(fault.HandOvers.All(condition)), HandOverLimit, stop))
            monitor.AddProblem($"{fault} at {fault.At.TotalSeconds:F1} s: its partitions were not taken over within {HandOverLimit.TotalSeconds:N0} s");
    }

    private async Task EachIsReadyAsync(CancellationToken stop)
    {
        foreach (var node in cluster.Nodes)
        {
            if (!await HoldsAsync(node.IsReadyAsync, ReadyLimit, stop))
                monitor.AddProblem($"{node.Name} was not ready within {ReadyLimit.TotalSeconds:N0} s; it had said:\n{node.Process.Said}");
        }
    }

    private static async Task<bool> HoldsAsync(Func<Task<bool>> condition, TimeSpan limit, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(since) > limit)
                return false;
            await Task.Delay(Poll, stop);
        }

        return true;
    }

    private static string Range(IEnumerable<TimeSpan> times)
    {
        var seconds = times.Select(t => t.TotalSeconds).Order().ToList();
        return seconds.Count == 1 ? $"{seconds[0]:F1}" : $"{seconds[0]:F1} to {seconds[^1]:F1}";
    }

    private TimeSpan Between(double least, double most) => TimeSpan.FromSeconds(least + (random.NextDouble() * (most - least)));
}
