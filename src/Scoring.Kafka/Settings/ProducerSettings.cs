using System.ComponentModel.DataAnnotations;

namespace Scoring.Kafka.Settings;

/// <summary>How a node produces.</summary>
public sealed record ProducerSettings : KafkaSettings, IValidatableObject
{
    /// <summary>How long the client gathers records for one request. Zero sends at once; while a request is under way the next one gathers by itself.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.Zero;

    /// <summary>Records that may wait in the client at most; a full queue holds up the streams that fill it.</summary>
    [Range(1_000, 10_000_000)]
    public int MaxQueuedRecords { get; init; } = 200_000;

    /// <summary>Kilobytes that may wait in the client at most.</summary>
    [Range(1_024, 2_000_000)]
    public int MaxQueuedKilobytes { get; init; } = 256 * 1024;

    /// <summary>The largest record that is sent, in bytes; a broker's own limit may be lower.</summary>
    [Range(1_000, 100_000_000)]
    public int MaxRecordBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Messages of one stream that may be without all their acknowledgements at most.</summary>
    [Range(1, 1_000_000)]
    public int MaxUnacknowledged { get; init; } = 128;

    /// <summary>How long a record may wait for its acknowledgement before its stream fails.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Whether a record that fails ends the client, so that nothing behind it is ever appended. A record then waits for its
    /// acknowledgement as long as it takes: the client would drop one that timed out and go on with the next.
    /// </summary>
    public bool Gapless { get; init; }

    /// <summary>How long a stream waits before it tries again to hand a record to a full client.</summary>
    public TimeSpan FullPause { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>The least time between two clients, where one came to its end.</summary>
    public TimeSpan ReplacePause { get; init; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var wrong = SettingChecks.Positive(
            (nameof(DeliveryTimeout), DeliveryTimeout), (nameof(FullPause), FullPause), (nameof(ReplacePause), ReplacePause));
        foreach (var error in wrong)
            yield return error;
        if (Linger < TimeSpan.Zero || Linger >= DeliveryTimeout)
            yield return new ValidationResult($"{nameof(Linger)} is {Linger} and must lie between zero and {nameof(DeliveryTimeout)}, {DeliveryTimeout}", [nameof(Linger)]);
    }
}
