namespace Scoring.Producer.Simulation;

/// <summary>What happened behind a transaction: the truth that labels tell later.</summary>
public enum FraudPattern
{
    /// <summary>None: the customer's own purchase.</summary>
    None,

    /// <summary>Many small online amounts at a few merchants within minutes, then a large one.</summary>
    CardTesting,

    /// <summary>The card is used in another country within an hour of its owner's purchase.</summary>
    StolenCard,

    /// <summary>The card's data was read at a compromised terminal and is used days later.</summary>
    CompromisedTerminal,

    /// <summary>Odd logins to the customer's account, then large online purchases from the new device.</summary>
    AccountTakeover,
}

/// <summary>Something that happens in the simulation at a time.</summary>
public abstract class SimulatedEvent
{
    /// <summary>When, in microseconds since 1970-01-01T00:00:00Z, at whole milliseconds.</summary>
    public long EventTimeMicros { get; internal set; }

    /// <summary>Its number among the events of its kind, from 0, in the order in which they are emitted.</summary>
    public long Number { get; internal set; }
}

/// <summary>A card transaction.</summary>
public sealed class SimulatedTransaction : SimulatedEvent
{
    internal SimulatedTransaction(Card card, Terminal terminal)
    {
        Card = card;
        Terminal = terminal;
    }

    /// <summary>The card.</summary>
    public Card Card { get; }

    /// <summary>Where it was used.</summary>
    public Terminal Terminal { get; }

    /// <summary>The amount in hundredths of the currency's unit.</summary>
    public long Cents { get; internal init; }

    /// <summary>The device of an online purchase; null elsewhere.</summary>
    public string? DeviceId { get; internal init; }

    /// <summary>The address of an online purchase, an IPv4 address in 10.0.0.0/8; 0 elsewhere.</summary>
    public uint Address { get; internal init; }

    /// <summary>What is behind it.</summary>
    public FraudPattern Pattern { get; internal init; }

    /// <summary>Whether it is fraud.</summary>
    public bool IsFraud => Pattern != FraudPattern.None;
}

/// <summary>What a customer, or who poses as one, does with the account between purchases.</summary>
public sealed class SimulatedInteraction : SimulatedEvent
{
    internal SimulatedInteraction(Customer customer, string type, string outcome, string deviceId, uint address)
    {
        Customer = customer;
        Type = type;
        Outcome = outcome;
        DeviceId = deviceId;
        Address = address;
    }

    /// <summary>Whose account.</summary>
    public Customer Customer { get; }

    /// <summary><c>login</c>, <c>password_reset</c> or <c>device_add</c>.</summary>
    public string Type { get; }

    /// <summary><c>success</c> or <c>failure</c>.</summary>
    public string Outcome { get; }

    /// <summary>The device that it came from.</summary>
    public string DeviceId { get; }

    /// <summary>The IPv4 address that it came from.</summary>
    public uint Address { get; }
}

/// <summary>The report that a transaction was fraud, hours to days after it.</summary>
public sealed class SimulatedLabel : SimulatedEvent
{
    internal SimulatedLabel(SimulatedTransaction transaction) => Transaction = transaction;

    /// <summary>The transaction that it is about.</summary>
    public SimulatedTransaction Transaction { get; }
}
