using System.Security.Cryptography;
using System.Text;
using Scoring.Models.Wire;
using Scoring.Producer.Simulation;

namespace Scoring.Tests.Producer.Simulation;

public sealed class SimulatorTests(SimulatedStream month) : IClassFixture<SimulatedStream>
{
    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_gives_others()
    {
        var options = new SimulatorOptions { Seed = 5, Customers = 200 };

        var first = HashOf(options);
        var second = HashOf(options);
        var other = HashOf(options with { Seed = 6 });

        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Events_come_in_order_of_time_and_are_numbered_by_kind_from_zero()
    {
        Assert.True(month.Events.Zip(month.Events.Skip(1)).All(p => p.First.EventTimeMicros <= p.Second.EventTimeMicros));
        Assert.Equal(Enumerable.Range(0, month.Transactions.Count).Select(i => (long)i), month.Transactions.Select(t => t.Number));
        var labels = month.Events.OfType<SimulatedLabel>().Select(l => l.Number).ToList();
        Assert.Equal(Enumerable.Range(0, labels.Count).Select(i => (long)i), labels);
    }

    [Theory]
    [InlineData(150, 60)]
    [InlineData(1_500, 30)]
    [InlineData(6_000, 8)]
    public void The_share_of_fraud_is_the_one_asked_for_whatever_the_population(int customers, double days)
    {
        var transactions = SimulatedStream.Take(new SimulatorOptions { Seed = 3, Customers = customers }, days).OfType<SimulatedTransaction>().ToList();

        var share = (double)transactions.Count(t => t.IsFraud) / transactions.Count;

        Assert.InRange(share, 0.005, 0.0105);
    }

    [Fact]
    public void The_expected_rate_is_close_to_the_one_simulated()
    {
        var expected = new Simulator(SimulatedStream.Options).TransactionsPerDay;

        Assert.InRange(month.Transactions.Count / 30.0, expected * 0.8, expected * 1.2);
    }

    [Fact]
    public void Every_record_is_valid_under_the_wire_contract()
    {
        var decoder = new TransactionDecoder(new DecodeLimits());
        using var json = new EventJson("r1");
        foreach (var simulated in month.Transactions.Take(5_000))
        {
            var value = json.Write(simulated, simulated.EventTimeMicros).ToArray();
            var key = Encoding.UTF8.GetBytes(simulated.Card.Owner.UserId);

            var rejection = decoder.Decode(value, key, RecordTime.OfMillis(simulated.EventTimeMicros / 1_000), out var transaction);

            Assert.Null(rejection);
            Assert.Equal($"t-r1-{simulated.Number}", Encoding.UTF8.GetString(transaction.TransactionId));
            Assert.Equal(simulated.Cents * 100, transaction.AmountUnits);
            Assert.Equal(simulated.EventTimeMicros, transaction.EventTimeMicros);
            Assert.Equal(simulated.DeviceId ?? "", Encoding.UTF8.GetString(transaction.Field(TransactionField.DeviceId)));
        }
    }

    [Fact]
    public void A_label_record_names_its_transaction_and_is_valid_under_the_wire_contract()
    {
        var decoder = new TransactionDecoder(new DecodeLimits());
        using var json = new EventJson("");
        var simulated = month.Events.OfType<SimulatedLabel>().First();

        var rejection = decoder.DecodeLabel(
            json.Write(simulated, simulated.EventTimeMicros).ToArray(),
            Encoding.UTF8.GetBytes(simulated.Transaction.Card.Owner.UserId),
            default,
            out var label);

        Assert.Null(rejection);
        Assert.Equal($"t-{simulated.Transaction.Number}", Encoding.UTF8.GetString(label.TransactionId));
        Assert.Equal(simulated.Transaction.Card.Id, Encoding.UTF8.GetString(label.CardId));
        Assert.True(label.IsFraud);
    }

    [Fact]
    public void Labels_tell_of_fraud_alone_and_hours_to_weeks_after_it()
    {
        var delays = month.Events.OfType<SimulatedLabel>().Select(l => l.EventTimeMicros - l.Transaction.EventTimeMicros).Order().ToList();

        Assert.NotEmpty(delays);
        Assert.All(month.Events.OfType<SimulatedLabel>(), l => Assert.True(l.Transaction.IsFraud));
        Assert.InRange(delays[0], 2 * SimulatedStream.Hour - 1_000, 24 * SimulatedStream.Hour);
        Assert.InRange(delays[^1], 3 * SimulatedStream.Day, 21 * SimulatedStream.Day);
        Assert.InRange(delays[delays.Count / 2], 20 * SimulatedStream.Hour, 60 * SimulatedStream.Hour);
    }

    [Fact]
    public void Customers_are_busier_by_day_than_at_night_and_on_Saturday_than_on_Sunday()
    {
        var own = month.Transactions.Where(t => !t.IsFraud && t.Card.Owner.Home.UtcOffset == 1).ToList();
        var noon = own.Count(t => HourOf(t) is 12 or 13);
        var night = own.Count(t => HourOf(t) is 3 or 4);
        // 28 days have each weekday four times.
        var weeks = own.Where(t => t.EventTimeMicros < SimulatedStream.Options.StartMicros + (28 * SimulatedStream.Day)).ToList();
        var saturday = weeks.Count(t => DayOf(t) == DayOfWeek.Saturday);
        var sunday = weeks.Count(t => DayOf(t) == DayOfWeek.Sunday);

        Assert.True(noon > 5 * night, $"{noon} around noon, {night} at night");
        Assert.True(saturday > 1.3 * sunday, $"{saturday} on Saturdays, {sunday} on Sundays");
    }

    [Fact]
    public void Most_purchases_are_made_in_the_customers_own_country_and_some_on_journeys()
    {
        var shops = month.Transactions.Where(t => !t.IsFraud && t.DeviceId is null).ToList();
        var abroad = (double)shops.Count(t => t.Terminal.Merchant.Country != t.Card.Owner.Home) / shops.Count;

        Assert.InRange(abroad, 0.03, 0.2);
    }

    [Fact]
    public void A_skew_makes_few_keys_carry_most_of_the_log()
    {
        var options = new SimulatorOptions { Seed = 2, Customers = 1_000 };

        var even = TopShare(options);
        var skewed = TopShare(options with { KeySkew = 1.1 });

        Assert.True(even < 0.1, $"the 10 busiest of 1,000 users make {even:P1} without skew");
        Assert.True(skewed > 0.4, $"the 10 busiest of 1,000 users make {skewed:P1} with skew");
    }

    [Fact]
    public void Wrong_options_are_named_all_at_once()
    {
        var error = Assert.Throws<ArgumentException>(() => new Simulator(new SimulatorOptions { Customers = 0, FraudShare = double.NaN, KeySkew = -1 }));

        Assert.Contains("customers is 0", error.Message, StringComparison.Ordinal);
        Assert.Contains("fraud share is NaN", error.Message, StringComparison.Ordinal);
        Assert.Contains("key skew is -1", error.Message, StringComparison.Ordinal);
    }

    private static int HourOf(SimulatedTransaction t) => LocalTime(t).Hour;

    private static DayOfWeek DayOf(SimulatedTransaction t) => LocalTime(t).DayOfWeek;

    private static DateTime LocalTime(SimulatedTransaction t) => DateTime.UnixEpoch.AddMicroseconds(t.EventTimeMicros + SimulatedStream.Hour);

    private static double TopShare(SimulatorOptions options)
    {
        var byUser = SimulatedStream.Take(options, 4).OfType<SimulatedTransaction>().CountBy(t => t.Card.Owner).Select(p => p.Value).OrderDescending().ToList();
        return (double)byUser.Take(10).Sum() / byUser.Sum();
    }

    private static string HashOf(SimulatorOptions options)
    {
        using var csv = new MemoryStream();
        DatasetCsv.Write(options, 5, csv, CancellationToken.None);
        using var json = new EventJson("x");
        foreach (var e in SimulatedStream.Take(options, 5))
        {
            csv.Write(e switch
            {
                SimulatedInteraction i => json.Write(i, i.EventTimeMicros),
                SimulatedLabel l => json.Write(l, l.EventTimeMicros),
                _ => default,
            });
        }

        Assert.True(csv.Length > 10_000);
        return Convert.ToHexString(SHA256.HashData(csv.ToArray()));
    }
}
