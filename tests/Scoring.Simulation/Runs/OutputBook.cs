using System.Globalization;
using System.Text;
using System.Text.Json;
using Scoring.Actors.Checkpoints;
using Scoring.Actors.Log;
using Scoring.Actors.Sink;
using Scoring.Models.Wire;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Oracle;
using Scoring.Simulation.Workload;

namespace Scoring.Simulation.Runs;

/// <summary>
/// Everything that reached the output topics, checked against the oracle as it arrives: what became of each input, with
/// which features, in which order, and whether a repeat is the same.
/// </summary>
internal sealed class OutputBook
{
    private readonly Topics topics;
    private readonly SimulatedBroker broker;
    private readonly PartitionOracle[] oracles;
    private readonly Guarantee guarantee;
    private readonly Action<string, string> violated;
    private readonly Dictionary<string, (int Partition, long Offset)> inputs = [];
    private readonly Dictionary<(int Partition, long Offset), LogRecord> scores = [];
    private readonly Dictionary<(int Partition, long Offset), LogRecord> dead = [];
    private readonly Dictionary<(int Partition, long Offset), LogRecord> late = [];
    private readonly Dictionary<(string Key, int Revision), LogRecord> sessions = [];
    private readonly Dictionary<(int Partition, string User), long> newestScored = [];

    // Transactions that a card took in which had lost its past: what is a repeat of them it decides by what it knows now.
    private readonly HashSet<(int Partition, string Identity)> takenBlindly = [];

    internal OutputBook(SimulatedBroker broker, Topics topics, Guarantee guarantee, Action<string, string> violated)
    {
        this.broker = broker;
        this.guarantee = guarantee;
        this.topics = topics;
        this.violated = violated;
        oracles = [.. broker.Topic(topics.Transactions).Select(_ => new PartitionOracle())];
    }

    /// <summary>
    /// Whether first scores come in the log's order. A producer that gives an append up goes on with those behind it, so
    /// where that happens the order holds only among the repeats that follow.
    /// </summary>
    internal bool IsOrdered { get; init; } = true;

    /// <summary>
    /// Whether a stored row of the user was damaged. Its scores may say <c>state_incomplete</c>, and then alone need not be right; so may
    /// those of a user of whom more than a few records are poison.
    /// </summary>
    internal Func<int, string, bool> IsRowDamaged { get; init; } = static (_, _) => false;

    /// <summary>Scores that say that their entities' state was lost.</summary>
    internal int Incomplete { get; private set; }

    /// <summary>Score records that repeat an earlier one.</summary>
    internal int Repeats { get; private set; }

    /// <summary>Inputs that were scored.</summary>
    internal int Scored => scores.Count;

    /// <summary>Inputs that are dead letters.</summary>
    internal int Dead => dead.Count;

    /// <summary>The oracle of a partition.</summary>
    internal PartitionOracle Oracle(int partition) => oracles[partition];

    /// <summary>Takes what was appended to any topic.</summary>
    internal void Appended(string topic, int _, LogRecord record)
    {
        CatchUp();
        if (topic == topics.Scores)
            TakeScore(record);
        else if (topic == topics.DeadLetters)
            TakeCopy(dead, record, "dead letter", OutcomeKind.Dead);
        else if (topic == topics.Late)
            TakeCopy(late, record, "late copy", OutcomeKind.Scored);
        else if (topic == topics.Sessions)
            TakeSession(record);
    }

    /// <summary>Checks that all that is committed is decided.</summary>
    internal void Committed(int partition, long? before, long offset)
    {
        CatchUp();
        // A plain commit of a former owner may set the offset back, and the next owner goes on at the greater of it and its checkpoint.
        if (before > offset && guarantee == Guarantee.ExactlyOnce)
            violated("commits never fall back", $"p{partition}: {offset} was committed after {before}");
        for (var o = before ?? 0; o < offset; o++)
        {
            if (Missing(partition, o) is { } missing)
                violated("nothing is committed before its outputs are in the log", $"p{partition}: {offset} was committed, and {missing} of offset {o} is not in the log");
        }
    }

    /// <summary>The first input whose outputs are missing; null if all are there.</summary>
    internal string? FirstMissing()
    {
        CatchUp();
        for (var partition = 0; partition < oracles.Length; partition++)
        {
            for (var offset = 0; offset < oracles[partition].Outcomes.Count; offset++)
            {
                if (Missing(partition, offset) is { } missing)
                    return $"{missing} of p{partition}@{offset}";
            }
        }

        return null;
    }

    /// <summary>Which input a record on an output topic is of; null where it is of none.</summary>
    internal (int Partition, long Offset)? InputOf(in OutputRecord record)
    {
        var log = new LogRecord(0, 0, record.Key, record.Value, record.Headers ?? [], "");
        if (record.Topic == topics.Scores)
            return log.Header(RecordHeaders.TraceParent) is { } trace && inputs.TryGetValue(trace, out var input) ? input : null;
        return record.Topic == topics.DeadLetters || record.Topic == topics.Late ? Coordinates(log) : null;
    }

    /// <summary>Compares the sessions that were reported with those that the events make.</summary>
    internal void CheckSessions()
    {
        CatchUp();
        var expected = oracles.SelectMany(o => o.UserEvents).Where(u => !IsLagging(u.Key)).SelectMany(u => SessionsOf(u.Key, u.Value)).Order(StringComparer.Ordinal).ToList();
        var latest = sessions.Where(s => !IsLagging(UserOf(s.Key.Key))).GroupBy(s => s.Key.Key).Select(g => g.OrderBy(s => s.Key.Revision).ToList()).ToList();
        foreach (var revisions in latest)
        {
            if (!revisions.Select(r => r.Key.Revision).SequenceEqual(Enumerable.Range(1, revisions.Count)))
                violated("no session revision is lost", $"{revisions[0].Key.Key} has revisions {string.Join(',', revisions.Select(r => r.Key.Revision))}");
        }

        var actual = latest.Select(r => Session(r[^1].Value)).OfType<string>().Order(StringComparer.Ordinal).ToList();
        if (!expected.SequenceEqual(actual))
            violated("sessions equal the oracle's", $"expected but absent: {string.Join("; ", expected.Except(actual))}\nreported but wrong: {string.Join("; ", actual.Except(expected))}");
    }

    // Readers are handed the committed records in the log's order, and so is the oracle.
    private void CatchUp()
    {
        for (var partition = 0; partition < oracles.Length; partition++)
        {
            var log = broker.Topic(topics.Transactions)[partition];
            while (oracles[partition].Outcomes.Count < log.LastStable)
                TakeInput(partition, log.Everything[oracles[partition].Outcomes.Count]);
        }
    }

    private bool IsDamaged(int partition, string user) =>
        IsRowDamaged(partition, user) || oracles[partition].Poisoned.GetValueOrDefault(user) >= PartitionNotes.MaxOfCardholder;

    private void TakeInput(int partition, LogRecord record)
    {
        if (!record.IsCommitted)
        {
            oracles[partition].Pass();
            return;
        }

        if (record.Header(RecordHeaders.TraceParent) is { } trace)
            inputs[trace] = (partition, record.Offset);
        oracles[partition].Take(record);
    }

    private void TakeScore(LogRecord record)
    {
        if (record.Header(RecordHeaders.TraceParent) is not { } trace || !inputs.TryGetValue(trace, out var input))
        {
            violated("a score is of an input", $"score {Encoding.UTF8.GetString(record.Value!)} by {record.Producer} names no input");
            return;
        }

        var outcome = oracles[input.Partition].Outcomes[(int)input.Offset];
        var isIncomplete = IsIncomplete(record);
        if (isIncomplete && !IsDamaged(input.Partition, outcome.User))
            violated("only a score of a damaged row is incomplete", $"p{input.Partition}@{input.Offset} of {outcome.User}: {Encoding.UTF8.GetString(record.Value!)}");
        Incomplete += isIncomplete ? 1 : 0;
        if (isIncomplete && outcome.Kind != OutcomeKind.Dead)
            takenBlindly.Add((input.Partition, outcome.Identity));
        else if (outcome.Kind != OutcomeKind.Scored)
            violated("only what is to be scored is scored", $"p{input.Partition}@{input.Offset} must be {outcome.Kind} {outcome.Reason}, and {record.Producer} scored it: {Encoding.UTF8.GetString(record.Value!)}");
        else
            CheckScore(input, outcome, record);
        if (IsRepeat(scores, input, record, "score"))
            Repeats++;
        else if (outcome.Kind == OutcomeKind.Scored)
            CheckOrder(input, outcome);
    }

    private void CheckScore((int Partition, long Offset) input, Outcome outcome, LogRecord record)
    {
        using var json = JsonDocument.Parse(record.Value!);
        var wrong = new StringBuilder();
        var actual = json.RootElement.GetProperty("features").EnumerateObject().ToList();
        for (var i = 0; i < actual.Count; i++)
        {
            var value = actual[i].Value.ValueKind == JsonValueKind.Null ? double.NaN : actual[i].Value.GetDouble();
            if (!value.Equals(outcome.Features[i]))
                wrong.Append(CultureInfo.InvariantCulture, $" {actual[i].Name} is {value:R}, expected {outcome.Features[i]:R};");
        }

        if (json.RootElement.GetProperty("late").GetBoolean() != outcome.Late)
            wrong.Append(CultureInfo.InvariantCulture, $" late must be {outcome.Late};");
        if (wrong.Length > 0)
            violated("features equal the oracle's", $"p{input.Partition}@{input.Offset} by {record.Producer}:{wrong} {Encoding.UTF8.GetString(record.Value!)}");
    }

    private static bool IsIncomplete(LogRecord score)
    {
        using var json = JsonDocument.Parse(score.Value!);
        return json.RootElement.GetProperty("degraded").EnumerateArray().Any(d => d.GetString() == "state_incomplete");
    }

    private void CheckOrder((int Partition, long Offset) input, Outcome outcome)
    {
        var key = (input.Partition, outcome.User);
        if (newestScored.TryGetValue(key, out var newest) && newest > input.Offset && IsOrdered)
            violated("per-card order holds", $"p{input.Partition}@{input.Offset} of {outcome.User} was first scored after @{newest}");
        newestScored[key] = Math.Max(newest, input.Offset);
    }

    private void TakeCopy(Dictionary<(int Partition, long Offset), LogRecord> copies, LogRecord record, string what, OutcomeKind kind)
    {
        if (Coordinates(record) is not { } input)
        {
            violated($"a {what} is of an input", $"{what} by {record.Producer} names no input");
            return;
        }

        var outcome = oracles[input.Partition].Outcomes[(int)input.Offset];
        // Whether an event is late depends on what its entities hold.
        var mayDiffer = kind == OutcomeKind.Scored && IsDamaged(input.Partition, outcome.User);
        if (!mayDiffer && (outcome.Kind != kind || (kind == OutcomeKind.Scored && !outcome.Late) || (kind == OutcomeKind.Dead && record.Header(RecordHeaders.Reason) != outcome.Reason)))
            violated($"only what must be is a {what}", $"p{input.Partition}@{input.Offset} must be {outcome.Kind} {outcome.Reason}, and {record.Producer} made it a {what} ({record.Header(RecordHeaders.Reason)}: {record.Header(RecordHeaders.ReasonDetail)})");
        IsRepeat(copies, input, record, what);
    }

    private bool IsRepeat(Dictionary<(int Partition, long Offset), LogRecord> known, (int Partition, long Offset) input, LogRecord record, string what)
    {
        if (known.TryAdd(input, record))
            return false;
        if (guarantee == Guarantee.ExactlyOnce)
            violated("exactly one committed output for an input", $"a second {what} of p{input.Partition}@{input.Offset} by {record.Producer} after that by {known[input].Producer}");
        if (!IsSame(known[input], record) && !(known == scores && (IsIncomplete(known[input]) || IsIncomplete(record))))
            violated("repeats are byte-identical", $"the {what} of p{input.Partition}@{input.Offset} by {known[input].Producer} and its repeat by {record.Producer} differ:\n{Text(known[input])}\n{Text(record)}");
        return true;
    }

    private void TakeSession(LogRecord record)
    {
        using var json = JsonDocument.Parse(record.Value!);
        var key = (Encoding.UTF8.GetString(record.Key!), json.RootElement.GetProperty("revision").GetInt32());
        if (sessions.TryAdd(key, record) || IsLagging(UserOf(key.Item1)))
            return;
        if (guarantee == Guarantee.ExactlyOnce)
            violated("exactly one committed output for an input", $"a second report of session {key.Item1} revision {key.Item2} by {record.Producer} after that by {sessions[key].Producer}");
        if (!IsSame(sessions[key], record))
            violated("repeats are byte-identical", $"two reports of session {key.Item1} revision {key.Item2} differ:\n{Text(sessions[key])} by {sessions[key].Producer}\n{Text(record)} by {record.Producer}");
    }

    // With a damaged row of a user its open sessions are lost, or reported again: nothing is promised of them.
    private bool IsLagging(string user) =>
        Array.Exists(oracles, o => o.Lagging.Contains(user)) || Enumerable.Range(0, oracles.Length).Any(p => IsDamaged(p, user));

    private static string UserOf(string sessionKey) => sessionKey[..sessionKey.IndexOf('|', StringComparison.Ordinal)];

    private string? Missing(int partition, long offset)
    {
        var outcomes = oracles[partition].Outcomes;
        if (offset >= outcomes.Count)
            return "the record itself";
        var outcome = outcomes[(int)offset];
        var input = (partition, offset);
        return outcome.Kind switch
        {
            OutcomeKind.Scored when takenBlindly.Contains((partition, outcome.Identity)) => null,
            OutcomeKind.Scored when !scores.ContainsKey(input) => "the score",
            OutcomeKind.Scored when outcome.Late && !late.ContainsKey(input) => "the late copy",
            OutcomeKind.Dead when !dead.ContainsKey(input) => "the dead letter",
            _ => null,
        };
    }

    private (int Partition, long Offset)? Coordinates(LogRecord record) =>
        record.Header(RecordHeaders.OriginTopic) == topics.Transactions
            && int.TryParse(record.Header(RecordHeaders.OriginPartition), CultureInfo.InvariantCulture, out var partition)
            && long.TryParse(record.Header(RecordHeaders.OriginOffset), CultureInfo.InvariantCulture, out var offset)
            ? (partition, offset)
            : null;

    private static IEnumerable<string> SessionsOf(string user, List<OracleEvent> events)
    {
        var rest = events.OrderBy(e => e.Time).ToList();
        while (rest.Count > 0)
        {
            var length = 1;
            while (length < rest.Count && rest[length].Time - rest[length - 1].Time <= Scenario.SessionGap * EventTime.MicrosPerSecond)
                length++;
            var session = rest.Take(length).ToList();
            yield return string.Create(CultureInfo.InvariantCulture, $"{user} {EventTime.Format(session[0].Time)} to {EventTime.Format(session[^1].Time)}: {length}, {session.Sum(e => e.Units) / (decimal)Money.UnitsPerOne:0.####}, {session.Select(e => e.Merchant).OfType<string>().Distinct().Count()}");
            rest.RemoveRange(0, length);
        }
    }

    private static string? Session(LogRecord record)
    {
        using var json = JsonDocument.Parse(record.Value!);
        var root = json.RootElement;
        return root.GetProperty("mergedInto").ValueKind != JsonValueKind.Null
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{root.GetProperty("userId").GetString()} {root.GetProperty("start").GetString()} to {root.GetProperty("end").GetString()}: {root.GetProperty("count").GetInt32()}, {root.GetProperty("total").GetDecimal():0.####}, {root.GetProperty("distinctMerchants").GetInt32()}");
    }

    private static bool IsSame(LogRecord a, LogRecord b) =>
        a.Key.AsSpan().SequenceEqual(b.Key) && a.Value.AsSpan().SequenceEqual(b.Value)
        && a.Headers.Count == b.Headers.Count && a.Headers.Zip(b.Headers).All(h => h.First.Name == h.Second.Name && (IsForPeople(h.First) || h.First.Value.AsSpan().SequenceEqual(h.Second.Value)));

    // What an entity threw is known only to the node on which it did.
    private static bool IsForPeople(in OutputHeader header) => header.Name == RecordHeaders.ReasonDetail;

    private static string Text(LogRecord record) =>
        $"{Encoding.UTF8.GetString(record.Value ?? [])} [{string.Join(", ", record.Headers.Select(h => $"{h.Name}={Encoding.UTF8.GetString(h.Value)}"))}]";
}
