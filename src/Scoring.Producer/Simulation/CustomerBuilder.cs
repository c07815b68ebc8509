namespace Scoring.Producer.Simulation;

/// <summary>Draws the customers of a population.</summary>
internal sealed class CustomerBuilder(SimulatorOptions options, Population population, SeededRandom random)
{
    private const double MeanOutingsPerDay = 2.2;

    private readonly WeightedChoice<Country> homes = new(Country.All, c => c.Weight);
    private readonly WeightedChoice<Rhythm> rhythms = new(
        [Rhythm.Early, Rhythm.Office, Rhythm.Evening, Rhythm.Night],
        r => r == Rhythm.Office ? 45 : r == Rhythm.Evening ? 28 : r == Rhythm.Early ? 22 : 5);

    public Customer[] Build()
    {
        var customers = new Customer[options.Customers];
        for (var i = 0; i < customers.Length; i++)
            customers[i] = BuildOne(i);
        if (options.KeySkew > 0)
            Skew(customers);
        return customers;
    }

    private Customer BuildOne(int number)
    {
        var customer = new Customer(number, homes.Pick(random));
        var cards = random.Chance(0.62) ? 1 : random.Chance(0.75) ? 2 : 3;
        customer.Cards = [.. Enumerable.Range(1, cards).Select(n => new Card($"c-{number:D5}-{n}", customer))];
        customer.Devices = [.. Enumerable.Range(0, random.Between(1, 3)).Select(_ => Habits.NewDevice(random))];
        customer.HomeAddress = Habits.AddressIn(customer.Home, random);
        customer.SpendingLevel = random.LogNormal(1, 0.55);
        // The mean of a log-normal lies above its median by exp(sigma² / 2).
        customer.OutingsPerDay = random.LogNormal(MeanOutingsPerDay / Math.Exp(0.6 * 0.6 / 2), 0.6);
        customer.Rhythm = rhythms.Pick(random);
        customer.OnlineShare = Math.Clamp(0.22 + (0.14 * random.Normal()), 0.02, 0.75);
        customer.Gamer = random.Chance(0.04);
        customer.SecondCountry = random.Chance(0.03) ? PickOther(customer.Home) : null;
        customer.Favourites = [.. Enumerable.Range(0, 7).Select(_ => population.PickShop(customer.Home, random))];
        customer.OnlineFavourites = [.. Enumerable.Range(0, 4).Select(_ => population.PickOnline(random))];
        return customer;
    }

    private Country PickOther(Country home)
    {
        var other = homes.Pick(random);
        return other == home ? Country.All[(Array.IndexOf([.. Country.All], home) + 1) % Country.All.Count] : other;
    }

    // The total activity stays what it was; only who is active changes.
    private void Skew(Customer[] customers)
    {
        var total = customers.Sum(c => c.OutingsPerDay);
        var weights = customers.Select((_, i) => Math.Pow(i + 1, -options.KeySkew)).ToArray();
        var sum = weights.Sum();
        for (var i = 0; i < customers.Length; i++)
            customers[i].OutingsPerDay = total * weights[i] / sum;
    }
}
