using Confluent.Kafka;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Partitions;
using Scoring.Actors.Source;
using Scoring.Host.Options;
using Scoring.Kafka.Clients;

namespace Scoring.Host.Commands;

/// <summary>
/// Finds out whether a bootstrap may be made, and at which offsets. It commits the offsets before anything is stored: a
/// checkpoint never lies beyond the group's offset. The group has no members, since owners assign their partitions by hand; where
/// somebody has subscribed with its id, the brokers refuse the commit.
/// </summary>
internal sealed class BootstrapPlan(ScoringOptions options, KafkaLogReader log, IOffsetClient group, BootstrapStore store, TimeProvider time)
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly string topic = options.Topics.Resolved().Transactions;

    /// <summary>Checks what there is, and commits where the group has no offset yet.</summary>
    /// <param name="settings">What was asked for.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Where the checkpoint of each partition belongs.</returns>
    /// <exception cref="BootstrapException">It may not be made.</exception>
    internal async Task<IReadOnlyList<BootstrapPlace>> PrepareAsync(BootstrapSettings settings, CancellationToken cancellation)
    {
        var partitions = Enumerable.Range(0, await log.PartitionCountAsync(cancellation)).ToList();
        if (!settings.Replace)
            await CheckStateAsync(partitions, cancellation);
        var facts = await AskingAsync(() => group.Describe(topic, AnswerTimeout), $"topic {topic} can't be described", cancellation);
        var (offsets, commits) = (new List<long>(), new List<TopicPartitionOffset>());
        foreach (var partition in partitions)
        {
            var place = new TopicPartition(topic, partition);
            var committed = await AskingAsync(() => group.StableCommitted(place, AnswerTimeout), $"group {options.Source.GroupId} does not tell its offsets", cancellation);
            offsets.Add(OffsetOf(partition, settings.At, await log.BoundsAsync(partition, cancellation), committed));
            commits.Add(new TopicPartitionOffset(place, committed ?? offsets[partition]));
        }

        foreach (var unknown in settings.At.Offsets.Keys.Where(p => p >= partitions.Count))
            throw new BootstrapException($"--at names partition {unknown}; {topic} has {partitions.Count}");
        await AskingAsync(() => Commit(commits), $"group {options.Source.GroupId} takes no offsets", cancellation);
        return [.. offsets.Select((offset, partition) => new BootstrapPlace(topic, facts.Id ?? "", partition, partitions.Count, offset))];
    }

    private async Task CheckStateAsync(IReadOnlyList<int> partitions, CancellationToken cancellation)
    {
        foreach (var partition in partitions)
        {
            if (await store.ManifestAsync(new PartitionIds(partition), cancellation) is not { } bytes)
                continue;
            throw new BootstrapException($"partition {partition} has {Describe(bytes)}; --replace forgets what is stored");
        }
    }

    private static string Describe(byte[] manifest)
    {
        try
        {
            var its = PartitionManifest.Read(manifest);
            return its.IsUnfinished ? $"a bootstrap up to offset {its.Offset} that has not ended" : $"a checkpoint at offset {its.Offset} already";
        }
        catch (Exception e) when (e is Scoring.Models.Features.StateDamagedException or StateNewerException)
        {
            return $"a checkpoint already that can't be read ({e.Message})";
        }
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

    private bool Commit(List<TopicPartitionOffset> offsets) =>
        group.Commit(offsets).FirstOrDefault(f => f is not null) is { } failure ? throw new KafkaCallException(failure) : true;

    // A coordinator that is being elected, say, is there in a moment; members don't go by waiting.
    private async Task<T> AskingAsync<T>(Func<T> question, string what, CancellationToken cancellation)
    {
        for (var began = time.GetTimestamp(); ;)
        {
            try
            {
                return question();
            }
            catch (KafkaCallException e) when (!HasMembers(e.Failure) && e.Failure.Class == FailureClass.Retriable && time.GetElapsedTime(began) < Patience)
            {
                await Task.Delay(Pause, time, cancellation);
            }
            catch (KafkaCallException e)
            {
                throw new BootstrapException(HasMembers(e.Failure) ? $"{what}, since it has members ({e.Message}): stop them, and begin again" : $"{what} ({e.Message})");
            }
        }
    }

    private static bool HasMembers(KafkaFailure failure) =>
        failure.Code is ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration or ErrorCode.RebalanceInProgress or ErrorCode.FencedInstanceId;
}
