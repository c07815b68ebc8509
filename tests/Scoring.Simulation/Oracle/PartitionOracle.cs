using System.Globalization;
using System.Text.Json;
using Scoring.Actors.Log;
using Scoring.Models.Wire;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Workload;

namespace Scoring.Simulation.Oracle;

/// <summary>
/// What must become of each record of a partition, by the definitions alone: it keeps every event of every entity
/// and looks at all of them for each feature. Fed with the log in its order.
/// </summary>
public sealed class PartitionOracle
{
    private const long CardHold = (Scenario.Retain + Scenario.Lateness) * EventTime.MicrosPerSecond;
    private const long UserHold = CardHold;
    private const long Horizon = Scenario.Horizon * EventTime.MicrosPerSecond;

    private readonly Dictionary<string, Memory> cards = [];
    private readonly Dictionary<string, Memory> users = [];
    private readonly Dictionary<(string Topic, int Partition), long> origins = [];
    private readonly TopicNames topics = new();
    private long mark = long.MinValue;
    private long previous = long.MinValue;

    /// <summary>What becomes of each record, by its offset.</summary>
    public List<Outcome> Outcomes { get; } = [];

    /// <summary>Every event that a user's entity took in, in the log's order.</summary>
    public Dictionary<string, List<OracleEvent>> UserEvents { get; } = [];

    /// <summary>
    /// Users that were forgotten whole, for being idle for twice as long as anything is kept, and then had a further event: if it
    /// lags that far, its session may have been reported before. The service promises nothing of such sessions.
    /// </summary>
    public HashSet<string> Lagging { get; } = [];

    /// <summary>
    /// How many records of a user were poison: after some between two checkpoints the user is set aside whole, and says so
    /// with each score from then on.
    /// </summary>
    public Dictionary<string, int> Poisoned { get; } = [];

    /// <summary>Takes the log's next record.</summary>
    /// <param name="record">The record.</param>
    public void Take(LogRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        Outcomes.Add(OutcomeOf(record));
    }

    /// <summary>Passes over an offset that no reader is handed: an aborted record, or a marker.</summary>
    public void Pass() => Outcomes.Add(Outcome.Silent);

    private Outcome OutcomeOf(LogRecord record)
    {
        if (record.Header(InputHeaders.Reason) is { } reason)
            return Outcome.Dead(reason);
        if (Poison.ThrowsBeforeScore(record))
            return PoisonOf(System.Text.Encoding.UTF8.GetString(record.Key!));
        if (record.Header(RecordHeaders.RelayedFrom) is { } from && !IsNewOrigin(from))
            return Outcome.Silent;
        using var json = JsonDocument.Parse(record.Value!);
        switch (record.Header(RecordHeaders.Kind))
        {
            case "tick":
                var time = EventTime.TryParse(System.Text.Encoding.UTF8.GetBytes(json.RootElement.GetProperty("eventTime").GetString()!), out var micros) ? micros : 0;
                previous = Math.Max(previous, time);
                Advance(time);
                return Outcome.Silent;
            case "label":
                Label(json.RootElement);
                return Outcome.Silent;
            default:
                return Transaction(json.RootElement, Poison.ThrowsAtScore(record));
        }
    }

    private bool IsNewOrigin(string header)
    {
        RecordOrigin.TryParse(System.Text.Encoding.UTF8.GetBytes(header), topics, out var origin);
        var key = (origin!.Topic, origin.Partition);
        if (origins.TryGetValue(key, out var highest) && origin.Offset <= highest)
            return false;
        origins[key] = origin.Offset;
        return true;
    }

    private Outcome Transaction(JsonElement json, bool throwsAtScore)
    {
        var e = new OracleEvent(
            Text(json, "transactionId")!,
            Text(json, "cardId")!,
            json.GetProperty("eventTime").GetInt64() * 1_000,
            (long)(json.GetProperty("amount").GetDecimal() * Money.UnitsPerOne),
            Text(json, "merchantId"),
            Text(json, "channel"));
        var userId = Text(json, "userId") ?? Text(json, "cardId")!;
        // A repeat is not scored, so its score can't fail to be written.
        if (throwsAtScore && !(cards.TryGetValue(userId + "/" + e.Card, out var known) && !IsForgotten(cards, userId + "/" + e.Card, CardHold) && WasSeen(known, e)))
            return PoisonOf(userId);
        var card = Touch(cards, userId + "/" + e.Card, CardHold);
        var user = TouchUser(userId);
        var identity = $"{userId}/{e.Card}/{e.Id}";
        if (WasSeen(card, e))
        {
            Advance(e.Time);
            return Outcome.Silent with { User = userId, Identity = identity };
        }

        var cardWindow = Known(card, e, CardHold, Scenario.CardMaxEvents);
        var userWindow = Known(user, e, UserHold, int.MaxValue);
        var features = OracleFeatures.Of(e, cardWindow, userWindow);
        var late = !Insert(card, e);
        if (late)
            card.Refused.Add((e.Id, e.Time));
        if (Insert(user, e))
            EventsOf(userId).Add(e);
        else
            late = true;
        Advance(e.Time);
        return new Outcome(OutcomeKind.Scored, null, features, late, userId, identity);
    }

    private Outcome PoisonOf(string user)
    {
        Poisoned[user] = Poisoned.GetValueOrDefault(user) + 1;
        return Outcome.Dead(Poison.Reason);
    }

    private static bool WasSeen(Memory card, OracleEvent e)
    {
        var from = Math.Max(card.Newest, e.Time) - Horizon;
        return card.Events.Exists(o => o.Id == e.Id && o.Time > from) || card.Refused.Exists(r => r.Id == e.Id && r.Time > from);
    }

    private void Label(JsonElement json)
    {
        var userId = Text(json, "userId") ?? Text(json, "cardId")!;
        var (id, card) = (Text(json, "transactionId"), Text(json, "cardId"));
        var isFraud = json.GetProperty("label").GetBoolean();
        foreach (var memory in (Memory[])[Touch(cards, userId + "/" + card, CardHold), TouchUser(userId)])
        {
            var held = memory.Events.Where(o => o.Id == id && o.Card == card && o.Time > memory.Newest - CardHold).OrderBy(o => o.Time).LastOrDefault();
            if (held is not null && isFraud)
                memory.Frauds.Add(held);
            else if (held is not null)
                memory.Frauds.Remove(held);
        }
    }

    // The events that the entity holds at the event's time, this one included, by time and then by the log's order.
    private static Window Known(Memory memory, OracleEvent e, long hold, int maxEvents)
    {
        var newest = Math.Max(memory.Newest, e.Time);
        memory.Events.RemoveAll(o => o.Time <= newest - hold);
        if (memory.Accepts(e) && memory.Events.Count >= maxEvents)
            memory.Events.Remove(memory.Events.OrderBy(o => o.Time).First());
        return new Window([.. memory.Events.Where(o => o.Time <= e.Time).Append(e).OrderBy(o => o.Time)], memory.Frauds);
    }

    private static bool Insert(Memory memory, OracleEvent e)
    {
        if (!memory.Accepts(e))
            return false;
        memory.Events.Add(e);
        return true;
    }

    private void Advance(long time)
    {
        mark = Math.Max(mark, Math.Min(time, previous));
        previous = time;
    }

    private bool IsForgotten(Dictionary<string, Memory> memories, string key, long hold) =>
        memories.TryGetValue(key, out var memory) && memory.Events.Count > 0 && mark != long.MinValue && mark - (2 * hold) >= memory.Newest;

    private Memory TouchUser(string userId)
    {
        if (IsForgotten(users, userId, UserHold))
            Lagging.Add(userId);
        return Touch(users, userId, UserHold);
    }

    private Memory Touch(Dictionary<string, Memory> memories, string key, long hold)
    {
        if (!memories.TryGetValue(key, out var memory) || IsForgotten(memories, key, hold))
            memories[key] = memory = new Memory();
        return memory;
    }

    private List<OracleEvent> EventsOf(string user)
    {
        if (!UserEvents.TryGetValue(user, out var events))
            UserEvents[user] = events = [];
        return events;
    }

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;

    private sealed class Memory
    {
        public List<OracleEvent> Events { get; } = [];

        public List<(string Id, long Time)> Refused { get; } = [];

        public HashSet<OracleEvent> Frauds { get; } = [];

        public long Newest => Events.Count == 0 ? long.MinValue / 2 : Events.Max(e => e.Time);

        public bool Accepts(OracleEvent e) => Events.Count == 0 || e.Time >= Newest - (Scenario.Lateness * EventTime.MicrosPerSecond);
    }
}

/// <summary>An event as the oracle sees it.</summary>
/// <param name="Id">The transaction's id.</param>
/// <param name="Card">Its card.</param>
/// <param name="Time">Its time in microseconds since 1970.</param>
/// <param name="Units">Its amount in ten-thousandths.</param>
/// <param name="Merchant">Its merchant.</param>
/// <param name="Channel">Its channel.</param>
#pragma warning disable CA1036
public sealed class OracleEvent(string id, string card, long time, long units, string? merchant, string? channel)
#pragma warning restore CA1036
{
    public string Id { get; } = id;

    public string Card { get; } = card;

    public long Time { get; } = time;

    public long Units { get; } = units;

    public string? Merchant { get; } = merchant;

    public string? Channel { get; } = channel;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id}@{Time / 1_000_000.0:F3} {Units}");
}

/// <summary>The events of an entity up to one event, which is the last of its time.</summary>
/// <param name="Events">By time, then by the log's order.</param>
/// <param name="Frauds">Those labelled true.</param>
internal sealed record Window(List<OracleEvent> Events, HashSet<OracleEvent> Frauds);
