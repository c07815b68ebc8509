namespace Scoring.Crash;

/// <summary>What a run showed: what is wrong, and whether it met what it has to meet in order to count.</summary>
internal sealed class Verdict(Cluster cluster, FileLoad load, ScoreAudit audit, Monitor monitor, bool isExactlyOnce)
{
    private readonly List<string> problems = [];
    private long deadLetters;
    private long quarantined;

    /// <summary>Looks at what stands in the topics and the store at the end.</summary>
    public async Task AddLastAsync(int partitions)
    {
        using var log = new InputLog(cluster.Bootstrap, cluster.Group, partitions);
        deadLetters = log.Bounds(cluster.TopicOf("transactions.dlq")).Sum(b => b.High);
        var topic = cluster.TopicOf("transactions");
        await using var table = new ShardTable(cluster.ConnectionString, topic);
        var committed = log.Committed(topic);
        foreach (var shard in (await table.ReadAsync()).Where(s => s.Checkpoint > committed[s.Partition]))
            problems.Add($"partition {shard.Partition}: the checkpoint at {shard.Checkpoint} lies behind the committed offset {committed[shard.Partition]}");
    }

    /// <summary>Writes it.</summary>
    /// <returns>Whether all is right and the run counts.</returns>
    public bool Write(TextWriter output)
    {
        quarantined = cluster.Nodes.Sum(n => n.SetAside);
        var recoveries = cluster.Nodes.SelectMany(n => n.Recoveries).ToList();
        var kills = monitor.Faults.Where(f => f.Kind == FaultKind.Kill).SelectMany(f => f.HandOvers).ToList();
        var killedBeforeCommit = kills.Count(h => h.Repeats > 0);
        var killedBeforeCheckpoint = kills.Count(h => recoveries.Exists(r => r.Partition == h.Partition && r.Fence > h.Fence && r.Live > (r.Checkpoint ?? 0)));
        var replayed = recoveries.Sum(r => r.Checkpoint is { } checkpoint ? r.Live - checkpoint : 0);
        var lateSaves = cluster.Nodes.Sum(n => n.LateSaves);
        var scored = monitor.Faults.SelectMany(f => f.HandOvers).Where(h => h.Scored is not null).Select(h => h.Scored!.Value.TotalSeconds).Order().ToList();

        output.WriteLine();
        output.WriteLine($"sent {load.Sent:N0}, scored {audit.Distinct:N0}, repeats {audit.Repeats:N0}, not as the replay says {audit.Wrong:N0}, dead letters {deadLetters:N0}, set aside {quarantined:N0}");
        output.WriteLine($"faults {monitor.Faults.Count}: {monitor.Faults.Count(f => f.Kind == FaultKind.Kill)} SIGKILL, {monitor.Faults.Count(f => f.Kind == FaultKind.Stop)} SIGSTOP; {scored.Count} partitions handed over{(scored.Count == 0 ? "" : $", fault to first score {scored[0]:F1} to {scored[^1]:F1} s, median {scored[scored.Count / 2]:F1} s")}");
        output.WriteLine($"partitions killed between a score and its commit {killedBeforeCommit}, between a commit and its checkpoint {killedBeforeCheckpoint}");
        output.WriteLine($"records replayed {replayed:N0} in {recoveries.Count} recoveries; {lateSaves:N0} saves of a stopped node came after another one had taken over");
        foreach (var (reason, count) in audit.Degraded)
            output.WriteLine($"degraded: {reason} {count:N0}");

        Judge();
        problems.AddRange(monitor.Problems);
        foreach (var problem in problems)
            output.WriteLine($"WRONG: {problem}");
        var missing = new List<string>();
        // What a kill leaves between a score and its commit shows as a repeat, or with transactions not at all.
        Require(isExactlyOnce || killedBeforeCommit > 0, "no kill fell between a score and its commit");
        Require(killedBeforeCheckpoint > 0, "no kill fell between a commit and its checkpoint");
        Require(replayed > 0, "no record was replayed");
        Require(isExactlyOnce || audit.Repeats > 0, "no score was repeated");
        Require(lateSaves > 0, "no save of a stopped node came after another one had taken over");
        foreach (var lack in missing)
            output.WriteLine($"DOES NOT COUNT: {lack}");
        if (problems.Count == 0 && missing.Count == 0)
            output.WriteLine("Every transaction was scored, and every score record, repeats included, carries the replay's features.");
        return problems.Count == 0 && missing.Count == 0;

        void Require(bool met, string lack)
        {
            if (!met)
                missing.Add(lack);
        }
    }

    private void Judge()
    {
        foreach (var example in audit.Examples)
            problems.Add(example);
        if (audit.Wrong > audit.Examples.Count)
            problems.Add($"{audit.Wrong - audit.Examples.Count:N0} further score records are not as the replay says");
        var missing = load.Ids.Where(id => !audit.Has(id)).ToList();
        if (missing.Count > 0)
            problems.Add($"{missing.Count:N0} transactions were not scored, for one {missing[0]}");
        if (audit.Distinct > load.Ids.Count)
            problems.Add($"{audit.Distinct - load.Ids.Count:N0} transactions were scored that were not sent");
        if (isExactlyOnce && audit.Repeats > 0)
            problems.Add($"{audit.Repeats:N0} scores came a second time to a reader of committed records");
        if (load.Failure is { } failure)
            problems.Add($"a record of the load was not stored: {failure}");
        if (deadLetters > 0)
            problems.Add($"{deadLetters:N0} records became dead letters");
        if (quarantined > 0)
            problems.Add($"{quarantined:N0} records were set aside because they made an entity fail");
        if (audit.Degraded.TryGetValue("state_incomplete", out var incomplete))
            problems.Add($"{incomplete:N0} scores say that their state was incomplete");
    }
}
