using System.Globalization;

namespace Scoring.Simulation.Scheduling;

/// <summary>What happened in a run: a hash over all of it, and the text of the last part.</summary>
public sealed class Trace
{
    private const int Kept = 2_000;
    private const ulong Prime = 0x100000001B3;

    private readonly string[] notes = new string[Kept];
    private long count;
    private TimeSpan now;

    /// <summary>Equal for two runs only if they did the same.</summary>
    public ulong Hash { get; private set; } = 0xCBF29CE484222325;

    /// <summary>The last notes, oldest first.</summary>
    public IEnumerable<string> Tail => Enumerable.Range(0, (int)Math.Min(count, Kept)).Select(i => notes[(count - Math.Min(count, Kept) + i) % Kept]);

    /// <summary>Writes down that something happened.</summary>
    /// <param name="note">What.</param>
    public void Note(string note)
    {
        ArgumentNullException.ThrowIfNull(note);
        foreach (var c in note)
            Add(c);
        notes[count++ % Kept] = string.Create(CultureInfo.InvariantCulture, $"{now.TotalSeconds,9:F4} {note}");
    }

    internal void Step(int process, TimeSpan time)
    {
        now = time;
        Add((ulong)process);
        Add((ulong)time.Ticks);
    }

    private void Add(ulong value) => Hash = (Hash ^ value) * Prime;
}
