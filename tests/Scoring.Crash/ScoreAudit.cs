using System.Text.Json;

namespace Scoring.Crash;

/// <summary>
/// Compares every score record that arrives, repeats included, with the replay's features, bit for bit. Any thread may
/// ask for the counts.
/// </summary>
internal sealed class ScoreAudit(ExpectedFeatures expected, int partitions)
{
    private const int MaxExamples = 10;

    private readonly Lock gate = new();
    private readonly HashSet<string> seen = [];
    private readonly List<string> wrong = [];
    private readonly SortedDictionary<string, long> degraded = new(StringComparer.Ordinal);
    private readonly long[] repeats = new long[partitions];
    private readonly long[] arrivedAt = new long[partitions];
    private long wrongRecords;

    /// <summary>Distinct transactions that were scored.</summary>
    public int Distinct => With(() => seen.Count);

    /// <summary>Records of transactions that had been scored before.</summary>
    public long Repeats => With(() => repeats.Sum());

    /// <summary>Records that are not what they must be.</summary>
    public long Wrong => With(() => wrongRecords);

    /// <summary>The first of them.</summary>
    public IReadOnlyList<string> Examples => With(() => wrong.ToList());

    /// <summary>How many records said that something was missing, by what.</summary>
    public IReadOnlyDictionary<string, long> Degraded => With(() => new Dictionary<string, long>(degraded));

    /// <summary>Repeats of one partition.</summary>
    public long RepeatsOf(int partition) => With(() => repeats[partition]);

    /// <summary>When a partition's last record arrived, as a timestamp; 0 before the first.</summary>
    public long LastArrival(int partition) => With(() => arrivedAt[partition]);

    /// <summary>Whether a transaction was scored.</summary>
    public bool Has(string transactionId) => With(() => seen.Contains(transactionId));

    /// <summary>Takes a record of the scores' topic.</summary>
    public void Take(int partition, long offset, byte[]? value, long timestamp)
    {
        using var score = JsonDocument.Parse(value);
        var root = score.RootElement;
        var id = root.GetProperty("transactionId").GetString()!;
        var problem = Compare(id, root.GetProperty("features"));
        lock (gate)
        {
            arrivedAt[partition] = timestamp;
            if (!seen.Add(id))
                repeats[partition]++;
            foreach (var reason in root.GetProperty("degraded").EnumerateArray())
                degraded[reason.GetString()!] = degraded.GetValueOrDefault(reason.GetString()!) + 1;
            if (problem is null)
                return;
            wrongRecords++;
            if (wrong.Count < MaxExamples)
                wrong.Add($"scores[{partition}] offset {offset}: {problem}");
        }
    }

    private string? Compare(string id, JsonElement features)
    {
        if (expected.Of(id) is not { } row)
            return $"transaction {id} was never sent";
        for (var i = 0; i < row.Length; i++)
        {
            var feature = features.GetProperty(expected.Names[i]);
            var actual = feature.ValueKind == JsonValueKind.Null ? double.NaN : feature.GetDouble();
            if (!actual.Equals(row[i]))
                return FormattableString.Invariant($"transaction {id}: {expected.Names[i]} is {actual:R}, and the replay says {row[i]:R}");
        }

        return null;
    }

    private T With<T>(Func<T> read)
    {
        lock (gate)
            return read();
    }
}
