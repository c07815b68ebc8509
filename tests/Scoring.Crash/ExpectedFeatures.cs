using System.Globalization;
using Scoring.Servers;

namespace Scoring.Crash;

/// <summary>The features of every transaction of a file, as `scoring replay` computes them.</summary>
internal sealed class ExpectedFeatures
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, double[]> rows;

    private ExpectedFeatures(string[] names, Dictionary<string, double[]> rows)
    {
        Names = names;
        this.rows = rows;
    }

    /// <summary>The features' names, in order.</summary>
    public IReadOnlyList<string> Names { get; }

    public int Count => rows.Count;

    /// <summary>A transaction's features, NaN where missing; null if the file has no such transaction.</summary>
    public double[]? Of(string transactionId) => rows.GetValueOrDefault(transactionId);

    /// <summary>Runs the replay.</summary>
    /// <exception cref="ClusterException">It failed.</exception>
    public static async Task<ExpectedFeatures> ReplayAsync(string features, string input, string map)
    {
        var output = Path.GetTempFileName();
        try
        {
            await using var replay = ScoringProcess.Start(["replay", "--features", features, "--input", input, "--map", map, "--output", output]);
            if (await replay.ExitAsync(Limit) != 0)
                throw new ClusterException($"the replay failed; it had said:\n{replay.Said}");
            using var lines = File.ReadLines(output).GetEnumerator();
            lines.MoveNext();
            var names = lines.Current.Split(',')[1..];
            var rows = new Dictionary<string, double[]>();
            while (lines.MoveNext())
            {
                var cells = lines.Current.Split(',');
                rows.Add(cells[0], Array.ConvertAll(cells[1..], c => c.Length == 0 ? double.NaN : double.Parse(c, CultureInfo.InvariantCulture)));
            }

            return new ExpectedFeatures(names, rows);
        }
        finally
        {
            File.Delete(output);
        }
    }
}
