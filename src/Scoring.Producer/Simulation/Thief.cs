namespace Scoring.Producer.Simulation;

/// <summary>Who uses a card that is another's, from a device and an address of their own.</summary>
internal sealed class Thief
{
    private readonly FraudPattern pattern;
    private readonly Card card;
    private readonly Agenda agenda;
    private readonly string device;
    private readonly uint address;

    public Thief(FraudPattern pattern, Card card, Agenda agenda)
    {
        this.pattern = pattern;
        this.card = card;
        this.agenda = agenda;
        device = Habits.NewDevice(agenda.Random);
        address = Habits.AddressIn(agenda.Random.Pick(Country.All), agenda.Random);
    }

    /// <summary>How many transactions are planned.</summary>
    public int Uses { get; private set; }

    public void Use(Merchant merchant, long cents, long time)
    {
        var random = agenda.Random;
        var terminal = merchant.Terminals[random.Next(merchant.Terminals.Length)];
        Uses++;
        agenda.Plan(
            new SimulatedTransaction(card, terminal)
            {
                Cents = cents,
                DeviceId = merchant.Online ? device : null,
                Address = merchant.Online ? address : 0,
                Pattern = pattern,
            },
            time);
    }

    /// <summary>Something dear or as good as money online, at times something ordinary.</summary>
    public void UseOnline(long time)
    {
        var random = agenda.Random;
        if (random.Chance(0.25))
        {
            var any = agenda.Population.PickOnline(random);
            Use(any, Habits.Cents(any, 1.3, random), time);
            return;
        }

        string[] dear = [MerchantCategory.Electronics, "5999", "4511"];
        Use(agenda.Population.PickOnline(random.Pick(dear), random), Habits.ToCents(random.LogNormal(260, 0.75)), time);
    }

    /// <summary>Cash, electronics, or an ordinary purchase that tries whether the card still works.</summary>
    public void UseAtShop(Country country, long time)
    {
        var random = agenda.Random;
        var kind = random.NextDouble();
        if (kind < 0.35)
        {
            var any = agenda.Population.PickShop(country, random);
            Use(any, Habits.Cents(any, 1.5, random), time);
            return;
        }

        var mcc = kind < 0.65 ? MerchantCategory.Atm : MerchantCategory.Electronics;
        var shop = agenda.Population.PickShop(country, MerchantCategory.All.First(c => c.Mcc == mcc), random);
        var cents = shop.Category.IsAtm ? random.Between(10, 50) * 1_000L : Habits.ToCents(random.LogNormal(230, 0.7));
        Use(shop, cents, time);
    }

    /// <summary>Logs in to an account; most try several passwords first, some know it.</summary>
    /// <returns>When the thief is in.</returns>
    public long BreakIn(Customer customer, long start)
    {
        var random = agenda.Random;
        var time = start;
        for (var failures = random.Chance(0.8) ? random.Between(2, 8) : 0; failures > 0; failures--)
        {
            agenda.Plan(new SimulatedInteraction(customer, "login", "failure", device, address), time);
            time += Habits.Minutes(0.1, 2, random);
        }

        if (random.Chance(0.3))
            agenda.Plan(new SimulatedInteraction(customer, "password_reset", "success", device, address), time += Habits.Minutes(0.5, 4, random));
        agenda.Plan(new SimulatedInteraction(customer, "login", "success", device, address), time += Habits.Minutes(0.1, 1, random));
        agenda.Plan(new SimulatedInteraction(customer, "device_add", "success", device, address), time += Habits.Minutes(0.1, 1, random));
        return time;
    }
}
