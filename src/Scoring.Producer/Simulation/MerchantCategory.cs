namespace Scoring.Producer.Simulation;

/// <summary>A trade: what its merchants sell, for how much, and how.</summary>
/// <param name="Mcc">ISO 18245 merchant category code.</param>
/// <param name="Weight">Its share of purchases, relative to the others'.</param>
/// <param name="MedianAmount">The median purchase of an average customer, in currency units.</param>
/// <param name="Sigma">The standard deviation of a purchase's logarithm.</param>
/// <param name="OnlineShare">The share of its merchants that sell online only.</param>
public sealed record MerchantCategory(string Mcc, double Weight, double MedianAmount, double Sigma, double OnlineShare)
{
    /// <summary>Cash machines.</summary>
    public const string Atm = "6011";

    /// <summary>Games and other digital goods: cheap, online, bought in bursts.</summary>
    public const string Digital = "5816";

    /// <summary>Electronics: what a thief can sell on.</summary>
    public const string Electronics = "5732";

    /// <summary>Every trade of the simulation.</summary>
    public static IReadOnlyList<MerchantCategory> All { get; } =
    [
        new("5411", 24, 28, 0.75, 0.06), // groceries
        new("5812", 12, 24, 0.60, 0.00), // restaurants
        new("5814", 11, 9, 0.45, 0.00), // fast food
        new("5541", 7, 48, 0.40, 0.00), // fuel
        new("4111", 7, 6, 0.60, 0.20), // local transport
        new("5912", 5, 14, 0.65, 0.15), // pharmacies
        new("5651", 5, 46, 0.70, 0.45), // clothing
        new(Electronics, 3, 120, 0.95, 0.55),
        new("5942", 3, 18, 0.60, 0.60), // books
        new(Digital, 4, 5, 0.70, 1.00),
        new("5999", 7, 30, 0.85, 0.90), // marketplaces
        new("4899", 3, 14, 0.35, 1.00), // subscriptions
        new("7832", 2, 16, 0.40, 0.40), // cinemas
        new("4511", 1, 190, 0.70, 0.90), // airlines
        new("7011", 1.4, 130, 0.65, 0.50), // hotels
        new("5945", 1.6, 27, 0.70, 0.50), // toys
        new("5200", 2, 42, 0.85, 0.20), // home improvement
        new(Atm, 4, 70, 0.55, 0.00),
    ];

    /// <summary>Whether the trade is cash.</summary>
    public bool IsAtm => Mcc == Atm;
}
