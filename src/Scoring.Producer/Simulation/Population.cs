namespace Scoring.Producer.Simulation;

/// <summary>Everyone and everything that a simulation starts with.</summary>
public sealed class Population
{
    private readonly Dictionary<(Country Country, MerchantCategory Category), Merchant[]> shops;
    private readonly Dictionary<Country, Merchant[]> shopsByCountry;
    private readonly Dictionary<MerchantCategory, Merchant[]> onlineByCategory;
    private readonly WeightedChoice<MerchantCategory> trades = new(MerchantCategory.All, c => c.Weight * (1 - c.OnlineShare));
    private readonly WeightedChoice<MerchantCategory> onlineTrades = new(MerchantCategory.All, c => c.Weight * c.OnlineShare);

    internal Population(SimulatorOptions options, SeededRandom random)
    {
        Merchants = BuildMerchants(options.Customers, random);
        shops = Merchants.Where(m => !m.Online).GroupBy(m => (m.Country, m.Category)).ToDictionary(g => g.Key, g => g.ToArray());
        shopsByCountry = Merchants.Where(m => !m.Online).GroupBy(m => m.Country).ToDictionary(g => g.Key, g => g.ToArray());
        onlineByCategory = Merchants.Where(m => m.Online).GroupBy(m => m.Category).ToDictionary(g => g.Key, g => g.ToArray());
        Customers = new CustomerBuilder(options, this, random).Build();
    }

    /// <summary>The customers, by number.</summary>
    public IReadOnlyList<Customer> Customers { get; }

    /// <summary>The merchants, by number.</summary>
    public IReadOnlyList<Merchant> Merchants { get; }

    /// <summary>A shop, restaurant, cash machine, … of a country, as likely as its trade is common and it is popular.</summary>
    internal Merchant PickShop(Country country, SeededRandom random) => PickShop(country, trades.Pick(random), random);

    /// <summary>A shop of a trade in a country; of another trade where the country has none of it.</summary>
    internal Merchant PickShop(Country country, MerchantCategory category, SeededRandom random) =>
        PickPopular(shops.TryGetValue((country, category), out var found) ? found : shopsByCountry[country], random);

    /// <summary>An online merchant anywhere, as likely as its trade is common and it is popular.</summary>
    internal Merchant PickOnline(SeededRandom random) => PickPopular(onlineByCategory[onlineTrades.Pick(random)], random);

    /// <summary>An online merchant of a trade, anywhere.</summary>
    internal Merchant PickOnline(string mcc, SeededRandom random) =>
        PickPopular(onlineByCategory[MerchantCategory.All.First(c => c.Mcc == mcc)], random);

    // The square makes the first of a list the busiest, so that terminals differ in traffic as real ones do.
    private static Merchant PickPopular(Merchant[] merchants, SeededRandom random)
    {
        var u = random.NextDouble();
        return merchants[(int)(merchants.Length * u * u)];
    }

    private static List<Merchant> BuildMerchants(int customers, SeededRandom random)
    {
        var merchants = new List<Merchant>();
        // Every country has every trade once, and every trade an online merchant, so that no pick can fail.
        foreach (var country in Country.All)
        {
            foreach (var category in MerchantCategory.All.Where(c => c.OnlineShare < 1))
                merchants.Add(Build(category, country, online: false));
        }

        foreach (var category in MerchantCategory.All.Where(c => c.OnlineShare > 0))
            merchants.Add(Build(category, Country.All[0], online: true));

        var countries = new WeightedChoice<Country>(Country.All, c => c.Weight);
        var categories = new WeightedChoice<MerchantCategory>(MerchantCategory.All, c => c.Weight);
        for (var more = Math.Clamp(customers / 4, 300, 20_000); more > 0; more--)
        {
            var category = categories.Pick(random);
            merchants.Add(Build(category, countries.Pick(random), random.Chance(category.OnlineShare)));
        }

        return merchants;

        Merchant Build(MerchantCategory category, Country country, bool online) =>
            new(merchants.Count, category, country, online, online ? 1 : random.Between(1, 4), random.LogNormal(1, 0.3));
    }
}
