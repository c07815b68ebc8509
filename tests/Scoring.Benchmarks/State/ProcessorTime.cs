using System.Globalization;

namespace Scoring.Benchmarks.State;

/// <summary>Processor time of other processes, as the kernel counts it.</summary>
internal static class ProcessorTime
{
    private const double TicksPerSecond = 100;

    /// <summary>Of a process, its living children, and those of either that have ended.</summary>
    internal static TimeSpan OfChildren(int process)
    {
        var seconds = 0.0;
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(f => char.IsAsciiDigit(Path.GetFileName(f)[0])))
        {
            if (Read(Path.Combine(folder, "stat")) is { } stat && (stat.Parent == process || Path.GetFileName(folder) == process.ToString(CultureInfo.InvariantCulture)))
                seconds += stat.Ticks / TicksPerSecond;
        }

        return TimeSpan.FromSeconds(seconds);
    }

    private static (int Parent, long Ticks)? Read(string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            // The name before the last parenthesis may hold spaces.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (Number(fields[1]), Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14]));
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return null;
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
