namespace Scoring.Producer.Simulation;

/// <summary>A merchant and its terminals.</summary>
public sealed class Merchant
{
    internal Merchant(int number, MerchantCategory category, Country country, bool online, int terminals, double priceLevel)
    {
        Id = $"m-{number:D5}";
        Category = category;
        Country = country;
        Online = online;
        PriceLevel = priceLevel;
        Terminals = new Terminal[terminals];
        for (var i = 0; i < terminals; i++)
            Terminals[i] = new Terminal($"p-{number:D5}-{i + 1}", this);
    }

    /// <summary>Its id, <c>m-</c> and a number.</summary>
    public string Id { get; }

    /// <summary>Its trade.</summary>
    public MerchantCategory Category { get; }

    /// <summary>Where it is.</summary>
    public Country Country { get; }

    /// <summary>Whether it sells online only.</summary>
    public bool Online { get; }

    /// <summary>Its terminals; an online merchant has one, its payment page.</summary>
    internal Terminal[] Terminals { get; }

    /// <summary>Its prices relative to its trade's.</summary>
    internal double PriceLevel { get; }

    /// <summary>How a card is presented there: <c>pos</c>, <c>ecom</c> or <c>atm</c>.</summary>
    public string Channel => Online ? "ecom" : Category.IsAtm ? "atm" : "pos";
}

/// <summary>A terminal of a merchant.</summary>
public sealed class Terminal
{
    internal Terminal(string id, Merchant merchant)
    {
        Id = id;
        Merchant = merchant;
    }

    /// <summary>Its id, <c>p-</c>, the merchant's number and its own.</summary>
    public string Id { get; }

    /// <summary>Whose it is.</summary>
    public Merchant Merchant { get; }

    /// <summary>The cards whose data a thief has read there since the terminal was compromised; null while it is sound.</summary>
    internal List<Card>? Skimmed { get; set; }
}
