namespace Scoring.Producer.Simulation;

/// <summary>A country of the simulated world.</summary>
/// <param name="Code">ISO 3166 alpha-2 code.</param>
/// <param name="Currency">ISO 4217 code.</param>
/// <param name="UtcOffset">Hours that its clocks are ahead of UTC; the simulation knows no summer time.</param>
/// <param name="Weight">Its share of customers and merchants, relative to the others'.</param>
/// <param name="FlightHours">Rough hours of travel from the middle of the map, for how soon a traveller can be there.</param>
public sealed record Country(string Code, string Currency, int UtcOffset, double Weight, double FlightHours)
{
    /// <summary>
    /// Every country of the simulation. The currencies are of similar worth, so that an amount means much the
    /// same everywhere.
    /// </summary>
    public static IReadOnlyList<Country> All { get; } =
    [
        new("FR", "EUR", 1, 22, 1.5),
        new("DE", "EUR", 1, 20, 1.5),
        new("ES", "EUR", 1, 13, 2.5),
        new("IT", "EUR", 1, 13, 2),
        new("NL", "EUR", 1, 7, 1.5),
        new("BE", "EUR", 1, 6, 1.5),
        new("PT", "EUR", 0, 4, 3),
        new("AT", "EUR", 1, 4, 2),
        new("IE", "EUR", 0, 2, 2.5),
        new("GB", "GBP", 0, 12, 2),
        new("CH", "CHF", 1, 4, 1.5),
        new("US", "USD", -5, 6, 9),
        new("CA", "CAD", -5, 2, 9),
        new("SG", "SGD", 8, 2, 13),
        new("BG", "EUR", 2, 2, 3),
    ];
}
