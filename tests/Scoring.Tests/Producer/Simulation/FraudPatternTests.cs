using Scoring.Producer.Simulation;

namespace Scoring.Tests.Producer.Simulation;

public sealed class FraudPatternTests(SimulatedStream month) : IClassFixture<SimulatedStream>
{
    private const long Minute = 60_000_000;

    [Fact]
    public void Card_testing_is_a_burst_of_small_online_amounts_and_mostly_ends_with_a_large_one()
    {
        var bursts = month.Bursts(FraudPattern.CardTesting, 80 * Minute).Where(b => b.Count >= 6).ToList();

        Assert.True(bursts.Count >= 5, $"{bursts.Count} bursts in a month");
        Assert.All(bursts.SelectMany(b => b), t => Assert.Equal("ecom", t.Terminal.Merchant.Channel));
        Assert.All(bursts, b => Assert.True(b.Take(6).Average(t => t.Cents) < 1_000, "tests are small"));
        Assert.All(bursts, b => Assert.InRange(b.Take(6).Select(t => t.Terminal.Merchant).Distinct().Count(), 1, 3));
        var ended = bursts.Count(b => b[^1].Cents > 10 * b.Take(6).Average(t => t.Cents));
        Assert.True(ended > bursts.Count / 2, $"{ended} of {bursts.Count} end with a large amount");
        var quick = bursts.Count(b => b[5].EventTimeMicros - b[0].EventTimeMicros < 15 * Minute);
        Assert.True(quick > bursts.Count / 2, $"{quick} of {bursts.Count} are quick");
    }

    [Fact]
    public void A_stolen_card_is_used_in_another_country_within_an_hour_of_its_owners_purchase()
    {
        var byCard = month.Transactions.GroupBy(t => t.Card).ToDictionary(g => g.Key, g => g.ToList());
        var firsts = month.Bursts(FraudPattern.StolenCard, 60 * Minute).Select(b => b[0]).ToList();

        Assert.True(firsts.Count >= 10, $"{firsts.Count} in a month");
        Assert.All(firsts, theft => Assert.Contains(byCard[theft.Card], own =>
            !own.IsFraud && own.DeviceId is null
            && theft.EventTimeMicros - own.EventTimeMicros is > 0 and <= 60 * Minute
            && own.Terminal.Merchant.Country != theft.Terminal.Merchant.Country));
    }

    [Fact]
    public void Cards_that_used_a_compromised_terminal_are_stolen_from_days_later()
    {
        var stolen = month.Transactions.Where(t => t.Pattern == FraudPattern.CompromisedTerminal).ToList();
        var victims = stolen.Select(t => t.Card).Distinct().ToList();
        var used = month.Transactions.Where(t => !t.IsFraud && t.DeviceId is null).GroupBy(t => t.Terminal)
            .Select(g => g.Select(t => t.Card).Intersect(victims).Count()).ToList();

        // Few terminals explain many victims: far more than a terminal shares with as many random cards.
        Assert.True(victims.Count >= 30, $"{victims.Count} victims in a month");
        Assert.True(used.Max() >= 8, $"the terminal most shared served {used.Max()} victims");
        Assert.All(
            month.Bursts(FraudPattern.CompromisedTerminal, 120 * Minute).Select(b => b[0]),
            theft => Assert.Contains(month.Transactions, own => own.Card == theft.Card && !own.IsFraud && theft.EventTimeMicros - own.EventTimeMicros > SimulatedStream.Hour));
    }

    [Fact]
    public void An_account_takeover_follows_logins_from_the_device_that_then_buys()
    {
        var thefts = month.Transactions.Where(t => t.Pattern == FraudPattern.AccountTakeover).ToList();
        var interactions = month.Events.OfType<SimulatedInteraction>().ToLookup(i => i.DeviceId);

        Assert.True(thefts.Count >= 20, $"{thefts.Count} in a month");
        Assert.All(thefts, theft =>
        {
            var before = interactions[theft.DeviceId!].Where(i => i.EventTimeMicros <= theft.EventTimeMicros && i.Customer == theft.Card.Owner).ToList();
            Assert.Contains(before, i => i is { Type: "login", Outcome: "success" });
            Assert.Contains(before, i => i.Type == "device_add");
        });
        var failed = thefts.Count(t => interactions[t.DeviceId!].Count(i => i.Outcome == "failure") >= 2);
        Assert.InRange((double)failed / thefts.Count, 0.5, 0.97);
        var own = month.Transactions.Where(t => !t.IsFraud && t.DeviceId is not null).Select(t => t.Cents).Order().ToList();
        var theirs = thefts.Select(t => t.Cents).Order().ToList();
        Assert.True(theirs[theirs.Count / 2] > 4 * own[own.Count / 2], "the median theft is large");
    }

    [Fact]
    public void Customers_do_what_thieves_do_now_and_then_so_that_no_single_sign_tells_them_apart()
    {
        var own = month.Transactions.Where(t => !t.IsFraud).ToList();
        var byCard = own.GroupBy(t => t.Card).ToList();
        var smallBursts = byCard.Count(c => c.Zip(c.Skip(5)).Any(p =>
            p.Second.EventTimeMicros - p.First.EventTimeMicros < 30 * Minute && p.First.Cents < 1_000 && p.Second.Cents < 1_000));
        var quickJourneys = own.Where(t => t.DeviceId is null).GroupBy(t => t.Card).Count(c => c.Zip(c.Skip(1)).Any(p =>
            p.First.Terminal.Merchant.Country != p.Second.Terminal.Merchant.Country
            && p.Second.EventTimeMicros - p.First.EventTimeMicros < 90 * Minute));
        var failedLogins = month.Events.OfType<SimulatedInteraction>().Where(i => i.Outcome == "failure")
            .Count(i => own.Any(t => t.DeviceId == i.DeviceId));

        Assert.True(smallBursts >= 10, $"{smallBursts} customers bought in bursts");
        Assert.True(quickJourneys >= 10, $"{quickJourneys} changed countries within 90 minutes");
        Assert.True(failedLogins >= 50, $"{failedLogins} customers' logins failed");
    }
}
