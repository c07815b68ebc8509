using System.Globalization;
using System.Text;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Models.Wire;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Workload;

/// <summary>
/// Appends to the input log what a hostile day brings: few users and cards, so that state collides; events out of order
/// within and beyond the lateness; repeats soon, and after crashes and checkpoints; labels and foreign transactions
/// through a relay that sends again; records that are not valid or that make an entity throw; pauses and idle gaps.
/// </summary>
public sealed class LoadGenerator
{
    private const int Users = 4;
    private const int Merchants = 4;
    private static readonly TimeSpan MeanPause = TimeSpan.FromMilliseconds(150);

    private readonly SimulatedBroker broker;
    private readonly string topic;
    private readonly Scenario scenario;
    private readonly Random random;
    private readonly List<Sent> sent = [];
    private readonly List<OutputRecord> relayed = [];
    private readonly Dictionary<long, long> relayTimes = [];
    private long now = VirtualTime.Start.ToUnixTimeMilliseconds() - (30L * 24 * 3_600_000);
    private int number;
    private int left;

    /// <summary>Makes a generator.</summary>
    /// <param name="broker">Where it appends.</param>
    /// <param name="topic">The input log.</param>
    /// <param name="scenario">How much.</param>
    /// <param name="seed">Decides the rest.</param>
    public LoadGenerator(SimulatedBroker broker, string topic, Scenario scenario, int seed)
    {
        this.broker = broker;
        this.topic = topic;
        this.scenario = scenario;
        random = new Random(seed);
        left = scenario.Transactions;
    }

    /// <summary>The users of all that is appended.</summary>
    public static IReadOnlyList<string> UserIds { get; } = [.. Cards().Select(c => c.User ?? c.Card).Distinct()];

    /// <summary>Whether everything was appended.</summary>
    public bool IsDone => left == 0;

    /// <summary>Begins to append.</summary>
    public void Start() => Next();

    /// <summary>Appends one further transaction of each card, well after all others: its features tell the whole state.</summary>
    public void Probe()
    {
        now += random.Next(2) == 0 ? 60_000 : 1_000_000;
        foreach (var (user, card) in Cards())
        {
            now += 1_000;
            Append(new Event($"probe-{++number}", user, card, Amount(), now, "m0", "ecom"));
        }
    }

    /// <summary>Appends a tick to each partition, far enough ahead that every session ends.</summary>
    public void CloseSessions()
    {
        now += 2_000_000;
        for (var partition = 0; partition < scenario.Partitions; partition++)
            Append(null, Tick.Write(now * 1_000), [new OutputHeader(RecordHeaders.Kind, "tick"u8.ToArray())], partition);
    }

    private static IEnumerable<(string? User, string Card)> Cards()
    {
        for (var user = 0; user < Users; user++)
        {
            yield return ($"u{user}", $"c{user}");
            yield return ($"u{user}", $"c{user + 1}");
        }

        yield return (null, "lone");
    }

    private void Next()
    {
        if (left == 0)
            return;
        var pause = random.Next(40) == 0 ? 8_000 : random.Next(8) == 0 ? 0 : random.Next((int)(2 * MeanPause.TotalMilliseconds));
        broker.Scheduler.After(broker.Scheduler.Environment, TimeSpan.FromMilliseconds(pause), () =>
        {
            for (var burst = random.Next(6) == 0 ? random.Next(12) : 1; burst > 0 && left > 0; burst--)
            {
                left--;
                Act();
            }

            Next();
        });
    }

    private void Act()
    {
        // Mostly seconds, sometimes hours, and now and then longer than anything is kept.
        now += random.Next(60) switch { 0 => 30_000_000, < 4 => 5_400_000, < 12 => 600_000, _ => random.Next(60_000) };
        if (scenario.UpstreamTransactionOneIn > 0 && random.Next(scenario.UpstreamTransactionOneIn) == 0)
        {
            AppendTransaction();
            return;
        }

        switch (random.Next(20))
        {
            case 0:
                AppendMalformed();
                break;
            case 1 or 2 when sent.Count > 0:
                AppendRepeat(sent[^(1 + random.Next(Math.Min(sent.Count, 12)))]);
                break;
            case 3 or 4 when sent.Count > 0:
                Relay(LabelOf(sent[^(1 + random.Next(Math.Min(sent.Count, 20)))]));
                break;
            case 5:
                Relay(TransactionOf(Some()));
                break;
            case 6 when relayed.Count > 0:
                RelayAgain();
                break;
            case 7 when random.Next(2) == 0:
                AppendFromAFastClock();
                break;
            case 7 when scenario.Poison:
                AppendPoison();
                break;
            default:
                Append(Some());
                break;
        }
    }

    private Event Some()
    {
        var cards = Cards().ToList();
        var (user, card) = cards[random.Next(cards.Count)];
        var late = random.Next(5) switch
        {
            0 => random.Next(Scenario.Lateness * 1_000),
            1 when random.Next(3) == 0 => random.Next(5) * Scenario.Lateness * 1_000,
            _ => 0,
        };
        // Two in a row have one id, as terminals that count by themselves do: mostly on different cards.
        return new Event($"t-{++number / 2}", user, card, Amount(), now - late, random.Next(6) == 0 ? null : $"m{random.Next(Merchants)}", random.Next(2) == 0 ? "ecom" : "pos");
    }

    private long Amount() => random.Next(8) switch { 0 => 0, 1 => 10_000, _ => random.Next(2_000_000) };

    private void Append(Event e)
    {
        sent.Add(new Sent(e));
        var record = TransactionOf(e);
        Append(record.Key, record.Value, [.. record.Headers!], null);
    }

    private void AppendRepeat(Sent before)
    {
        // Some at their own time, as a producer that sends again; some later, as an upstream that makes them anew.
        var e = before.Event with { Millis = random.Next(3) == 0 ? now : before.Event.Millis };
        var record = TransactionOf(e);
        Append(record.Key, record.Value, [.. record.Headers!], null);
    }

    // An upstream that appends in transactions, and aborts half of them: often the last that is in the log.
    private void AppendTransaction()
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"upstream-{++upstreams}");
        var epoch = broker.Transactions.Start(id);
        var transaction = broker.Transactions.Join(id, epoch);
        for (var left = 1 + random.Next(3); left > 0; left--)
        {
            var e = Some();
            broker.AppendIn(transaction, Traced(TransactionOf(e)), now + random.Next(1_000), "upstream");
        }

        var state = random.Next(2) == 0 ? TransactionState.Committed : TransactionState.Aborted;
        broker.Scheduler.After(broker.Scheduler.Environment, TimeSpan.FromMilliseconds(1 + random.Next(400)), () => broker.Transactions.End(id, epoch, state));
    }

    private void AppendMalformed()
    {
        var e = Some();
        var (value, key, reason) = random.Next(4) switch
        {
            0 => (Encoding.UTF8.GetBytes("{\"transactionId\":"), Key(e), "not_json"),
            1 => (Json(e with { Millis = now + 3_600_000 }), Key(e), "time_in_future"),
            2 => (Json(e), Encoding.UTF8.GetBytes("someone-else"), "key_mismatch"),
            _ => (Json(e with { Id = "4111 1111 1111 1111" }), Key(e), "card_number"),
        };
        Append(key, value, [new OutputHeader(InputHeaders.Reason, Encoding.UTF8.GetBytes(reason))], null);
    }

    // A producer whose clock is ahead stamps its records too: only the node's own clock can tell.
    private void AppendFromAFastClock()
    {
        var ahead = VirtualTime.Start.ToUnixTimeMilliseconds() + (long)TimeSpan.FromDays(10 + random.Next(400)).TotalMilliseconds;
        var e = Some() with { Millis = ahead };
        Append(Key(e), Json(e), [new OutputHeader(InputHeaders.Reason, "time_in_future"u8.ToArray())], null, ahead);
    }

    private void AppendPoison()
    {
        var step = (RecordStep)random.Next(Enum.GetValues<RecordStep>().Length);
        Append(Some() with { Merchant = random.Next(2) == 0 ? Poison.MerchantOf(step) : Poison.MerchantOfOnce(step) });
    }

    private OutputRecord TransactionOf(Event e) => new(topic, Key(e), Json(e), []);

    private OutputRecord LabelOf(Sent of)
    {
        var e = of.Event;
        var isFraud = random.Next(4) != 0 ? "true" : "false";
        var user = e.User is null ? "" : $"\"userId\":\"{e.User}\",";
        var json = $"{{\"transactionId\":\"{e.Id}\",\"cardId\":\"{e.Card}\",{user}\"label\":{isFraud},\"eventTime\":{now}}}";
        return new OutputRecord(topic, Key(e), Encoding.UTF8.GetBytes(json), [new OutputHeader(RecordHeaders.Kind, "label"u8.ToArray())]);
    }

    private void Relay(in OutputRecord record)
    {
        relayed.Add(record);
        relayTimes[relayed.Count - 1] = now;
        SendRelayed(relayed.Count - 1);
    }

    // After a crash a relay sends again from its committed offset on: in the same order, and then goes on.
    private void RelayAgain()
    {
        for (var i = Math.Max(0, relayed.Count - 1 - random.Next(5)); i < relayed.Count; i++)
            SendRelayed(i);
    }

    private void SendRelayed(int offset)
    {
        var record = relayed[offset];
        var origin = new RecordOrigin("elsewhere", 0, offset);
        Append(record.Key, record.Value, [.. record.Headers!, new OutputHeader(RecordHeaders.RelayedFrom, origin.ToHeader())], null);
    }

    private void Append(byte[]? key, byte[]? value, OutputHeader[] headers, int? partition, long? timestamp = null) =>
        broker.Append(Traced(new OutputRecord(topic, key, value, headers, partition)), timestamp ?? now + random.Next(1_000), "load");

    private OutputRecord Traced(in OutputRecord record)
    {
        var trace = string.Create(CultureInfo.InvariantCulture, $"00-{++traces:x32}-0000000000000001-01");
        return record with { Headers = [.. record.Headers!, new OutputHeader(RecordHeaders.TraceParent, Encoding.ASCII.GetBytes(trace))] };
    }

    private static byte[] Key(Event e) => Encoding.UTF8.GetBytes(e.User ?? e.Card);

    private static byte[] Json(Event e)
    {
        var text = new StringBuilder("{");
        text.Append(CultureInfo.InvariantCulture, $"\"transactionId\":\"{e.Id}\",\"cardId\":\"{e.Card}\",");
        if (e.User is not null)
            text.Append(CultureInfo.InvariantCulture, $"\"userId\":\"{e.User}\",");
        if (e.Merchant is not null)
            text.Append(CultureInfo.InvariantCulture, $"\"merchantId\":\"{e.Merchant}\",");
        text.Append(CultureInfo.InvariantCulture, $"\"amount\":{(decimal)e.Units / Money.UnitsPerOne},\"currency\":\"EUR\",\"eventTime\":{e.Millis},\"channel\":\"{e.Channel}\"}}");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private int traces;
    private int upstreams;

    private sealed record Event(string Id, string? User, string Card, long Units, long Millis, string? Merchant, string Channel);

    private sealed record Sent(Event Event);
}
