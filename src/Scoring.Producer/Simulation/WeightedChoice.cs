namespace Scoring.Producer.Simulation;

/// <summary>Picks items in proportion to their weights.</summary>
internal sealed class WeightedChoice<T>
{
    private readonly T[] items;
    private readonly double[] cumulative;

    /// <param name="items">What to pick from.</param>
    /// <param name="weight">An item's weight; an item of weight 0 is never picked.</param>
    public WeightedChoice(IEnumerable<T> items, Func<T, double> weight)
    {
        this.items = [.. items.Where(i => weight(i) > 0)];
        cumulative = new double[this.items.Length];
        var sum = 0.0;
        for (var i = 0; i < cumulative.Length; i++)
            cumulative[i] = sum += weight(this.items[i]);
    }

    public T Pick(SeededRandom random)
    {
        var found = Array.BinarySearch(cumulative, random.NextDouble() * cumulative[^1]);
        return items[Math.Min(found < 0 ? ~found : found + 1, items.Length - 1)];
    }
}
