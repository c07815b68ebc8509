using System.ComponentModel.DataAnnotations;

namespace Scoring.Kafka.Settings;

/// <summary>How a node reads and commits.</summary>
public sealed record ConsumerSettings : KafkaSettings, IValidatableObject
{
    /// <summary>What metrics call the consumer, where a node has several.</summary>
    public string Name { get; init; } = "transactions";

    /// <summary>
    /// The group whose committed offsets are read and written. It only names them: nothing may subscribe with it, or commits are
    /// refused.
    /// </summary>
    [Required]
    public string GroupId { get; init; } = "";

    /// <summary>How long a broker may hold back an answer when there is nothing to read.</summary>
    public TimeSpan FetchWait { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Kilobytes of fetched records that the client keeps for each partition before they are asked for.</summary>
    [Range(64, 1_000_000)]
    public int PrefetchKilobytes { get; init; } = 8 * 1024;

    /// <summary>Bytes that may wait in a partition's buffer: at this it is paused, and at half of it it goes on. The record that reaches it is still taken.</summary>
    [Range(1_024, int.MaxValue)]
    public int BufferBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Records that may wait in a partition's buffer, in the same way.</summary>
    [Range(2, 1_000_000)]
    public int BufferRecords { get; init; } = 16_384;

    /// <summary>Records in a batch at most.</summary>
    [Range(1, 1_000_000)]
    public int MaxBatchRecords { get; init; } = 256;

    /// <summary>Bytes in a batch at most, unless its only record has more.</summary>
    [Range(1, int.MaxValue)]
    public int MaxBatchBytes { get; init; } = 1024 * 1024;

    /// <summary>Partitions that a node may read at once.</summary>
    [Range(1, 1_000_000)]
    public int MaxPartitions { get; init; } = 4_096;

    /// <summary>How long a poll waits for a record: what else is asked of the consumer waits for it as long.</summary>
    public TimeSpan PollTimeout { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Records that are polled before the consumer looks again at what else is asked of it.</summary>
    [Range(1, 100_000)]
    public int PollRecords { get; init; } = 256;

    /// <summary>The least time between the beginnings of two commits; all partitions go into one.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>After how long a partition without records has its offset committed again, before the brokers let it expire (offsets.retention.minutes).</summary>
    public TimeSpan CommitRefreshInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long the client itself keeps a commit for which there is no coordinator.</summary>
    public TimeSpan CommitPatience { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>How long one try of a look-up may take.</summary>
    public TimeSpan LookupTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a look-up is tried again before it fails with the last reason.</summary>
    public TimeSpan LookupDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Look-ups that may wait; more are refused.</summary>
    [Range(1, 1_000_000)]
    public int MaxLookups { get; init; } = 4_096;

    /// <summary>The pause before a failed commit or look-up is tried again.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often the brokers are asked whether they are there.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long what is under way may take to finish when a partition is drained.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MaxBatchBytes > BufferBytes)
            yield return new ValidationResult($"{nameof(MaxBatchBytes)} is {MaxBatchBytes} and must not be above {nameof(BufferBytes)}, {BufferBytes}: no batch could be full", [nameof(MaxBatchBytes)]);
        var wrong = SettingChecks.Positive(
            (nameof(FetchWait), FetchWait), (nameof(PollTimeout), PollTimeout), (nameof(CommitRefreshInterval), CommitRefreshInterval),
            (nameof(CommitPatience), CommitPatience), (nameof(LookupTimeout), LookupTimeout), (nameof(LookupDeadline), LookupDeadline),
            (nameof(RetryPause), RetryPause), (nameof(ProbeInterval), ProbeInterval), (nameof(DrainTimeout), DrainTimeout));
        foreach (var error in wrong)
            yield return error;
        if (CommitInterval < TimeSpan.Zero)
            yield return new ValidationResult($"{nameof(CommitInterval)} is {CommitInterval} and must not be negative", [nameof(CommitInterval)]);
    }
}
