namespace Scoring.Producer.Simulation;

/// <summary>When in the day and in the week a customer is active: a rate relative to the customer's mean.</summary>
internal sealed class Rhythm
{
    private const long HourMicros = 3_600_000_000;
    private const long DayMicros = 24 * HourMicros;

    private readonly double[] hours;
    private readonly double[] weekdays;

    private Rhythm(double[] hours, double[] weekdays)
    {
        this.hours = Normalised(hours);
        this.weekdays = Normalised(weekdays);
        Peak = this.hours.Max() * this.weekdays.Max();
    }

    /// <summary>Up at dawn, asleep at ten.</summary>
    public static Rhythm Early { get; } = new(
        [0.05, 0.02, 0.02, 0.03, 0.1, 0.5, 1.4, 2.0, 2.2, 1.9, 1.8, 1.9, 2.0, 1.5, 1.3, 1.4, 1.6, 1.7, 1.4, 1.0, 0.6, 0.3, 0.15, 0.08],
        [1.0, 1.0, 1.0, 1.05, 1.2, 1.3, 0.7]);

    /// <summary>At work by nine: busy before, at noon and after.</summary>
    public static Rhythm Office { get; } = new(
        [0.1, 0.05, 0.03, 0.02, 0.04, 0.15, 0.6, 1.4, 1.6, 0.9, 0.9, 1.5, 2.4, 1.8, 0.9, 0.9, 1.3, 2.3, 2.6, 2.0, 1.3, 0.8, 0.5, 0.25],
        [0.95, 0.95, 1.0, 1.0, 1.2, 1.4, 0.8]);

    /// <summary>At home late: online in the evening.</summary>
    public static Rhythm Evening { get; } = new(
        [0.8, 0.4, 0.2, 0.1, 0.05, 0.05, 0.15, 0.4, 0.7, 0.8, 0.9, 1.1, 1.3, 1.2, 1.1, 1.2, 1.4, 1.7, 2.0, 2.2, 2.3, 2.1, 1.7, 1.2],
        [0.9, 0.9, 0.95, 1.0, 1.25, 1.3, 1.1]);

    /// <summary>Works at night: what is odd for most is its habit.</summary>
    public static Rhythm Night { get; } = new(
        [1.8, 1.7, 1.6, 1.4, 1.2, 1.0, 1.1, 1.2, 0.7, 0.3, 0.15, 0.1, 0.1, 0.2, 0.4, 0.7, 1.0, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 1.9],
        [1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 0.9]);

    /// <summary>The greatest value of <see cref="RateAt"/>.</summary>
    public double Peak { get; }

    /// <summary>The rate at a time relative to the mean rate of a week.</summary>
    /// <param name="micros">The time in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="utcOffset">Hours that the local clock is ahead of UTC.</param>
    public double RateAt(long micros, int utcOffset)
    {
        var local = micros + (utcOffset * HourMicros);
        var day = Math.DivRem(local, DayMicros, out var inDay);
        if (inDay < 0)
        {
            day--;
            inDay += DayMicros;
        }

        // 1970-01-01 was a Thursday, the week's day 3 counted from Monday.
        var weekday = (int)((((day + 3) % 7) + 7) % 7);
        return hours[inDay / HourMicros] * weekdays[weekday];
    }

    private static double[] Normalised(double[] weights)
    {
        var mean = weights.Average();
        return Array.ConvertAll(weights, w => w / mean);
    }
}
