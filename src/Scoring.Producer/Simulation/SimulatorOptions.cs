namespace Scoring.Producer.Simulation;

/// <summary>What a simulation is made of. The same options give the same events, byte for byte.</summary>
public sealed record SimulatorOptions
{
    /// <summary>The seed of all chance.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How many customers live in it, from 1 to 10 million. About 1 KiB of memory each.</summary>
    public int Customers { get; init; } = 2_000;

    /// <summary>The event time at which it starts, in microseconds since 1970-01-01T00:00:00Z.</summary>
    public long StartMicros { get; init; } = 1_767_225_600_000_000; // 2026-01-01T00:00:00Z

    /// <summary>The share of transactions that are fraud, from 0 to 0.2: the expectation, not a promise of each run.</summary>
    public double FraudShare { get; init; } = 0.0075;

    /// <summary>
    /// How unequally active the customers are: the n-th is active in proportion to n to the power of minus
    /// this (Zipf's law), so the log's keys are skewed. 0 leaves the natural, mild inequality.
    /// </summary>
    public double KeySkew { get; init; }

    /// <summary>Says what is wrong with the options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names each.</exception>
    public void Validate()
    {
        var errors = new List<string>();
        if (Customers is < 1 or > 10_000_000)
            errors.Add($"customers is {Customers}, not from 1 to 10,000,000");
        if (FraudShare is not (>= 0 and <= 0.2))
            errors.Add($"fraud share is {FraudShare}, not from 0 to 0.2");
        if (KeySkew is not (>= 0 and <= 3))
            errors.Add($"key skew is {KeySkew}, not from 0 to 3");
        if (errors.Count > 0)
            throw new ArgumentException(string.Join("; ", errors));
    }
}
