namespace Scoring.Producer.Load;

/// <summary>Which time a simulated transaction tells.</summary>
public enum EventClock
{
    /// <summary>The moment at which it is sent.</summary>
    Now,

    /// <summary>
    /// The simulation's own, with the simulated period ending about when the run does: hours of spending pass
    /// in each second of the run, so that windows of hours and days mean what they do in production.
    /// </summary>
    Simulated,
}

/// <summary>A run's load, and where it goes.</summary>
public sealed record LoadOptions
{
    /// <summary>The brokers, as host:port, separated by commas.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>The topic of the transactions, the input log.</summary>
    public string TransactionsTopic { get; init; } = "transactions";

    /// <summary>The topic that labels go to; null sends none. May be the input log itself: the records carry their kind.</summary>
    public string? LabelsTopic { get; init; } = "labels";

    /// <summary>The topic that interactions go to; null sends none.</summary>
    public string? InteractionsTopic { get; init; } = "interactions";

    /// <summary>The topic on which scores arrive.</summary>
    public string ScoresTopic { get; init; } = "scores";

    /// <summary>The topic on which dead letters arrive.</summary>
    public string DeadLettersTopic { get; init; } = "transactions.dlq";

    /// <summary>The consumer group of the service that scores: what it has committed bounds what may be sent, and ends the run.</summary>
    public string ScoringGroup { get; init; } = "scoring";

    /// <summary>Records a second; 0 sends as fast as <see cref="MaxBytesAhead"/> lets.</summary>
    public double Rate { get; init; } = 500;

    /// <summary>How long to send; null sends until the source ends or the run is stopped.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Share of records that are malformed, each in another way.</summary>
    public double MalformedShare { get; init; }

    /// <summary>Share of records that repeat a recent valid one, byte for byte.</summary>
    public double DuplicateShare { get; init; }

    /// <summary>Share of valid transactions whose event time is set back: half of them within <see cref="Lateness"/>, half beyond it.</summary>
    public double LateShare { get; init; }

    /// <summary>The lateness that the service allows.</summary>
    public TimeSpan Lateness { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The size of a malformed record that is too large, in bytes.</summary>
    public int OversizedBytes { get; init; } = 70_000;

    /// <summary>The seed of what is malformed, repeated and late.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// Bytes of a partition that may be ahead of what the scoring group has committed; 0 for no bound. The
    /// embedded broker trims a partition at 5 MiB, so 2 MiB there; a real log keeps what it is given.
    /// </summary>
    public long MaxBytesAhead { get; init; }

    /// <summary>
    /// Tells how far the service's ledger is: the offset behind what it has read of a partition of the scores, null before anything.
    /// With <see cref="MaxBytesAhead"/> the scores that it has not read are bounded too, and the run ends once it has read all.
    /// Null does not wait for it.
    /// </summary>
    public Func<int, long?>? LedgerOffset { get; init; }

    /// <summary>
    /// How long the client gathers a batch, in milliseconds. It adds to every latency, so it is short; at 0
    /// nearly every record is a request of its own, which on a shared machine takes the service's processor.
    /// </summary>
    public double LingerMs { get; init; } = 1;

    /// <summary>
    /// How long a broker holds a fetch without data, in milliseconds. A real broker answers as soon as there
    /// is data; the embedded one always waits it out, so 1 to 5 there.
    /// </summary>
    public int FetchWaitMs { get; init; } = 100;

    /// <summary>How long to wait, after the last record, while nothing more arrives, before what is missing is reported missing.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a request to the brokers may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Says what is wrong with the options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names each.</exception>
    public void Validate()
    {
        var errors = new List<string>();
        if (string.IsNullOrWhiteSpace(BootstrapServers))
            errors.Add("bootstrap servers are missing; give host:port");
        if (Rate is not (>= 0 and <= 1_000_000))
            errors.Add($"rate is {Rate}, not from 0 to 1,000,000 records a second");
        if (Duration is { } duration && duration <= TimeSpan.Zero)
            errors.Add($"duration is {duration}, not above 0");
        Share(MalformedShare, "malformed share");
        Share(DuplicateShare, "duplicate share");
        Share(LateShare, "late share");
        if (MalformedShare + DuplicateShare > 0.9)
            errors.Add($"malformed and duplicate shares are {MalformedShare + DuplicateShare} together, above 0.9");
        if (OversizedBytes is < 1_000 or > 8 * 1024 * 1024)
            errors.Add($"oversized bytes is {OversizedBytes}, not from 1,000 to {8 * 1024 * 1024:N0}");
        if (MaxBytesAhead < 0)
            errors.Add($"max bytes ahead is {MaxBytesAhead}, below 0");
        if (LingerMs is not (>= 0 and <= 1_000))
            errors.Add($"linger is {LingerMs} ms, not from 0 to 1,000");
        if (FetchWaitMs is < 1 or > 10_000)
            errors.Add($"fetch wait is {FetchWaitMs} ms, not from 1 to 10,000");
        if (DrainTimeout < TimeSpan.FromSeconds(1) || DrainTimeout > TimeSpan.FromHours(1))
            errors.Add($"drain timeout is {DrainTimeout}, not from 1 s to 1 h");
        if (RequestTimeout < TimeSpan.FromMilliseconds(100) || RequestTimeout > TimeSpan.FromMinutes(10))
            errors.Add($"request timeout is {RequestTimeout}, not from 100 ms to 10 min");
        if (errors.Count > 0)
            throw new ArgumentException(string.Join("; ", errors));

        void Share(double value, string name)
        {
            if (value is not (>= 0 and <= 0.9))
                errors.Add($"{name} is {value}, not from 0 to 0.9");
        }
    }
}
