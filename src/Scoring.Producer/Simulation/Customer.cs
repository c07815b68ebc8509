namespace Scoring.Producer.Simulation;

/// <summary>A customer: where they live, what they carry and how they spend.</summary>
public sealed class Customer
{
    internal Customer(int number, Country home)
    {
        Number = number;
        UserId = $"u-{number:D5}";
        Home = home;
    }

    /// <summary>Its number, from 0.</summary>
    public int Number { get; }

    /// <summary>Its id, <c>u-</c> and the number.</summary>
    public string UserId { get; }

    /// <summary>Where it lives.</summary>
    public Country Home { get; }

    /// <summary>Its cards, 1 to 3, the one it uses most first.</summary>
    public IReadOnlyList<Card> Cards { get; internal set; } = [];

    /// <summary>The devices that it buys from; a new phone replaces an old one.</summary>
    internal string[] Devices { get; set; } = [];

    /// <summary>The address of its home line.</summary>
    internal uint HomeAddress { get; set; }

    /// <summary>How much it spends on the same thing, relative to the median customer.</summary>
    internal double SpendingLevel { get; set; }

    /// <summary>Outings (one or a few purchases) a day, on average.</summary>
    internal double OutingsPerDay { get; set; }

    /// <summary>When in the day and the week it is active.</summary>
    internal Rhythm Rhythm { get; set; } = Rhythm.Office;

    /// <summary>The share of its purchases made online.</summary>
    internal double OnlineShare { get; set; }

    /// <summary>Whether it buys digital goods in bursts, as card testers do.</summary>
    internal bool Gamer { get; set; }

    /// <summary>A neighbouring country where it works or shops every week; null for most.</summary>
    internal Country? SecondCountry { get; set; }

    /// <summary>Shops that it goes back to.</summary>
    internal Merchant[] Favourites { get; set; } = [];

    /// <summary>Online shops that it goes back to.</summary>
    internal Merchant[] OnlineFavourites { get; set; } = [];

    /// <summary>Where it travels while <see cref="TripStart"/> ≤ time &lt; <see cref="TripEnd"/>.</summary>
    internal Country? TripCountry { get; set; }

    /// <summary>When it arrives, in microseconds.</summary>
    internal long TripStart { get; set; }

    /// <summary>When it is home again, in microseconds.</summary>
    internal long TripEnd { get; set; }
}

/// <summary>A card of a customer. Its id is a token such as <c>c-00123-1</c>, never a card number.</summary>
public sealed class Card
{
    internal Card(string id, Customer owner)
    {
        Id = id;
        Owner = owner;
    }

    /// <summary>Its token.</summary>
    public string Id { get; }

    /// <summary>Whose it is.</summary>
    public Customer Owner { get; }
}
