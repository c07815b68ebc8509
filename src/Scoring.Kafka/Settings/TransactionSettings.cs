using System.ComponentModel.DataAnnotations;

namespace Scoring.Kafka.Settings;

/// <summary>How the outputs and offsets of a partition go into transactions.</summary>
public sealed record TransactionSettings : IValidatableObject
{
    /// <summary>The longest <see cref="CommitInterval"/> that the usual <see cref="Timeout"/> allows.</summary>
    public static TimeSpan LongestInterval { get; } = new TransactionSettings().Timeout / 2;

    /// <summary>How long after its first message a transaction is committed.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Messages in a transaction at which it is committed without waiting for the interval.</summary>
    [Range(1, 1_000_000)]
    public int MaxMessages { get; init; } = 128;

    /// <summary>How long a transaction may be open before the brokers abort it: what readers of committed records wait for after a crash.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The client's pause before it asks again. Each transaction asks while the one before is still being marked: with the
    /// client's own 100 ms every transaction would begin that much late.
    /// </summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>How long one try of a call may take; what it has begun goes on, and the next try waits for it.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>For how long a call is made again before the producer is given up.</summary>
    public TimeSpan CallDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The pause before a call is made again.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long an open transaction may take to be taken back when its producer is disposed of.</summary>
    public TimeSpan AbortTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>After how long without records the offset is committed again, before the brokers let it expire (offsets.retention.minutes).</summary>
    public TimeSpan CommitRefreshInterval { get; init; } = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var wrong = SettingChecks.Positive(
            (nameof(CommitInterval), CommitInterval), (nameof(RetryBackoff), RetryBackoff), (nameof(CallTimeout), CallTimeout),
            (nameof(CallDeadline), CallDeadline), (nameof(RetryPause), RetryPause), (nameof(AbortTimeout), AbortTimeout),
            (nameof(CommitRefreshInterval), CommitRefreshInterval));
        foreach (var error in wrong)
            yield return error;
        if (Timeout < TimeSpan.FromSeconds(1) || Timeout < 2 * CommitInterval)
            yield return new ValidationResult($"{nameof(Timeout)} is {Timeout} and must be 1 s at least, and twice {nameof(CommitInterval)}, {CommitInterval}: the brokers abort what is older", [nameof(Timeout)]);
    }
}
