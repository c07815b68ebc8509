namespace Scoring.Producer.Simulation;

/// <summary>Tests a stolen card number with many small online amounts, then spends.</summary>
internal sealed class CardTesting : IFraudPattern
{
    public int TypicalTransactions => 13;

    public void Start(long now, Agenda agenda, Action<int> done)
    {
        var random = agenda.Random;
        var card = random.Pick(random.Pick(agenda.Population.Customers).Cards);
        var thief = new Thief(FraudPattern.CardTesting, card, agenda);
        Merchant[] shops = [.. Enumerable.Range(0, random.Between(1, 3)).Select(_ => agenda.Population.PickOnline(random))];
        // Patient thieves are rarer and harder to see.
        var gap = random.Chance(0.15) ? 20 : random.Between(0.2, 1.2);
        var time = now + Habits.Minutes(0, 30, random);
        for (var left = random.Between(6, 18); left > 0; left--, time += Habits.Minutes(0.3 * gap, 1.7 * gap, random))
            thief.Use(random.Pick(shops), Habits.ToCents(random.LogNormal(2.2, 0.7)), time);

        for (var big = random.Chance(0.85) ? random.Between(1, 2) : 0; big > 0; big--)
        {
            time += Habits.Minutes(1, 25, random);
            thief.Use(agenda.Population.PickOnline(MerchantCategory.Electronics, random), Habits.ToCents(random.LogNormal(420, 0.6)), time);
        }

        done(thief.Uses);
    }
}

/// <summary>Uses a stolen card, or its copy, in another country within an hour of its owner's purchase.</summary>
internal sealed class StolenCard : IFraudPattern
{
    private const long FreshMicros = 40 * Habits.MinuteMicros;

    public int TypicalTransactions => 4;

    public void Start(long now, Agenda agenda, Action<int> done)
    {
        var random = agenda.Random;
        var last = agenda.FindRecent(p => now - p.EventTimeMicros < FreshMicros && random.Chance(0.3));
        if (last is null)
        {
            done(0);
            return;
        }

        var country = PickElsewhere(last.Terminal.Merchant.Country, last.Card.Owner.Home, random);
        var thief = new Thief(FraudPattern.StolenCard, last.Card, agenda);
        var time = Math.Max(now, last.EventTimeMicros + Habits.Minutes(8, 50, random));
        for (var left = random.Between(2, 6); left > 0; left--, time += Habits.Minutes(4, 35, random))
            thief.UseAtShop(country, time);
        done(thief.Uses);
    }

    private static Country PickElsewhere(Country here, Country home, SeededRandom random)
    {
        Country country;
        do
            country = random.Pick(Country.All);
        while (country == here || country == home);
        return country;
    }
}

/// <summary>Reads the cards used at one terminal for some days, and spends with copies of many of them later.</summary>
internal sealed class CompromisedTerminal : IFraudPattern
{
    private const int MostCards = 24;

    public int TypicalTransactions => 20;

    public void Start(long now, Agenda agenda, Action<int> done)
    {
        var random = agenda.Random;
        var victim = agenda.FindRecent(p => p.Terminal.Skimmed is null && random.Chance(0.1));
        if (victim is null)
        {
            done(0);
            return;
        }

        victim.Terminal.Skimmed = [];
        agenda.Wake(new Skimmer(victim.Terminal, done), now + (long)(random.Between(0.8, 3.5) * Habits.DayMicros));
    }

    /// <summary>Reads a card, if the terminal is compromised.</summary>
    public static void Read(SimulatedTransaction transaction)
    {
        if (transaction.Terminal.Skimmed is { Count: < MostCards } cards && !cards.Contains(transaction.Card))
            cards.Add(transaction.Card);
    }

    private sealed class Skimmer(Terminal terminal, Action<int> done) : IActor
    {
        public void Act(long nowMicros, Agenda agenda)
        {
            var random = agenda.Random;
            var uses = 0;
            foreach (var card in terminal.Skimmed!)
            {
                if (!random.Chance(0.7))
                    continue;
                var thief = new Thief(FraudPattern.CompromisedTerminal, card, agenda);
                Spend(thief, card, nowMicros + (long)(random.Between(0.1, 5.0) * Habits.DayMicros), agenda);
                uses += thief.Uses;
            }

            terminal.Skimmed = null;
            done(uses);
        }

        private static void Spend(Thief thief, Card card, long start, Agenda agenda)
        {
            var random = agenda.Random;
            var online = random.Chance(0.45);
            // A copy used at home hides among the owner's purchases.
            var country = random.Chance(0.4) ? card.Owner.Home : random.Pick(Country.All);
            var time = start;
            for (var left = random.Between(2, 4); left > 0; left--, time += Habits.Minutes(3, 90, random))
            {
                if (online)
                    thief.UseOnline(time);
                else
                    thief.UseAtShop(country, time);
            }
        }
    }
}

/// <summary>Gets into an account by odd logins, then buys dear things from the new device.</summary>
internal sealed class AccountTakeover : IFraudPattern
{
    public int TypicalTransactions => 3;

    public void Start(long now, Agenda agenda, Action<int> done)
    {
        var random = agenda.Random;
        var customer = random.Pick(agenda.Population.Customers);
        var thief = new Thief(FraudPattern.AccountTakeover, random.Pick(customer.Cards), agenda);
        var time = thief.BreakIn(customer, now + Habits.Minutes(0, 30, random));
        time += Habits.Minutes(2, 50, random);
        for (var left = random.Between(1, 5); left > 0; left--, time += Habits.Minutes(2, 20, random))
            thief.UseOnline(time);
        done(thief.Uses);
    }
}
