using System.Numerics;

namespace Scoring.Producer.Simulation;

/// <summary>
/// A seeded stream of chance: the same seed gives the same numbers on every run and every release of the
/// runtime. xoshiro256** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018),
/// seeded by SplitMix64. Not for secrets. Owned by one thread.
/// </summary>
public sealed class SeededRandom
{
    private ulong s0;
    private ulong s1;
    private ulong s2;
    private ulong s3;

    /// <summary>Starts a stream.</summary>
    /// <param name="seed">Any number; each gives another stream.</param>
    public SeededRandom(ulong seed)
    {
        s0 = SplitMix(ref seed);
        s1 = SplitMix(ref seed);
        s2 = SplitMix(ref seed);
        s3 = SplitMix(ref seed);
    }

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits()
    {
        var result = BitOperations.RotateLeft(s1 * 5, 7) * 9;
        var t = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = BitOperations.RotateLeft(s3, 45);
        return result;
    }

    /// <summary>A number in [0, 1), uniform.</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A whole number in [0, <paramref name="below"/>), uniform to within 2^-32.</summary>
    /// <param name="below">The bound, above 0.</param>
    public int Next(int below)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(below);
        return (int)(((NextBits() >> 32) * (ulong)below) >> 32);
    }

    /// <summary>A whole number in [<paramref name="low"/>, <paramref name="high"/>], both included.</summary>
    /// <param name="low">The least.</param>
    /// <param name="high">The most.</param>
    public int Between(int low, int high) => low + Next(high - low + 1);

    /// <summary>A number in [<paramref name="low"/>, <paramref name="high"/>), uniform.</summary>
    /// <param name="low">The least.</param>
    /// <param name="high">The bound.</param>
    public double Between(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>True with the given probability.</summary>
    /// <param name="probability">From 0 to 1.</param>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>A draw from the exponential distribution.</summary>
    /// <param name="mean">Its mean.</param>
    public double Exponential(double mean) => -mean * Math.Log(1 - NextDouble());

    /// <summary>A draw from the log-normal distribution.</summary>
    /// <param name="median">Its median.</param>
    /// <param name="sigma">The standard deviation of its logarithm.</param>
    public double LogNormal(double median, double sigma) => median * Math.Exp(sigma * Normal());

    /// <summary>A draw from the standard normal distribution (Box and Muller's method, one of its two values).</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    /// <summary>One element, each as likely as the others.</summary>
    /// <param name="items">What to pick from; not empty.</param>
    /// <typeparam name="T">The element's type.</typeparam>
    public T Pick<T>(IReadOnlyList<T> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items[Next(items.Count)];
    }

    private static ulong SplitMix(ref ulong state)
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
