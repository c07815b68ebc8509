namespace Scoring.Producer.Simulation;

/// <summary>What amounts, devices and addresses look like, for customers and thieves alike.</summary>
internal static class Habits
{
    public const long SecondMicros = 1_000_000;
    public const long MinuteMicros = 60 * SecondMicros;
    public const long HourMicros = 60 * MinuteMicros;
    public const long DayMicros = 24 * HourMicros;

    /// <summary>Customers' purchases of one outing to the shops, on average.</summary>
    public const double PurchasesPerShopping = 1.4;

    /// <summary>The share of a gamer's outings that are bursts, and the purchases of one on average.</summary>
    public const double BurstShare = 0.06;

    /// <summary>The fewest purchases of a burst.</summary>
    public const int BurstLeast = 4;

    /// <summary>The most purchases of a burst.</summary>
    public const int BurstMost = 12;

    /// <summary>A purchase at a merchant in hundredths of the currency's unit: tens at a cash machine.</summary>
    public static long Cents(Merchant merchant, double spendingLevel, SeededRandom random)
    {
        var category = merchant.Category;
        var amount = random.LogNormal(category.MedianAmount, category.Sigma) * merchant.PriceLevel * spendingLevel;
        return category.IsAtm ? Math.Clamp((long)Math.Round(amount / 10), 1, 60) * 1_000 : ToCents(amount);
    }

    /// <summary>An amount in currency units as whole hundredths, at least 0.10.</summary>
    public static long ToCents(double amount) => Math.Max(10, (long)Math.Round(amount * 100));

    public static string NewDevice(SeededRandom random) => $"d-{random.NextBits() >> 24:x10}";

    /// <summary>An address of 10.0.0.0/8, whose second byte tells the country, as a provider's range would.</summary>
    public static uint AddressIn(Country country, SeededRandom random)
    {
        for (var i = 0; ; i++)
        {
            if (Country.All[i] == country)
                return 0x0A000000u | ((uint)(16 + i) << 16) | (uint)random.Next(1 << 16);
        }
    }

    /// <summary>Minutes in microseconds, drawn uniformly.</summary>
    public static long Minutes(double low, double high, SeededRandom random) => (long)(random.Between(low, high) * MinuteMicros);

    /// <summary>How many transactions a customer makes a day, on average.</summary>
    public static double TransactionsPerDay(Customer customer)
    {
        var usual = (customer.OnlineShare * 1) + ((1 - customer.OnlineShare) * PurchasesPerShopping);
        const double Burst = (BurstLeast + BurstMost) / 2.0;
        return customer.OutingsPerDay * (customer.Gamer ? (BurstShare * Burst) + ((1 - BurstShare) * usual) : usual);
    }
}
