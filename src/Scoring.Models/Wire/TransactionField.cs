namespace Scoring.Models.Wire;

/// <summary>The text fields of a transaction, in the order in which <see cref="Transaction"/> stores them.</summary>
public enum TransactionField
{
    /// <summary>The transaction's id; required, unique.</summary>
    TransactionId,

    /// <summary>The card's token; required, never a raw card number.</summary>
    CardId,

    /// <summary>The card's user; where absent the card is its own user.</summary>
    UserId,

    /// <summary>The merchant.</summary>
    MerchantId,

    /// <summary>The merchant's terminal.</summary>
    TerminalId,

    /// <summary>ISO 4217 code of the amount's currency.</summary>
    Currency,

    /// <summary>How the card was presented: pos, ecom, atm, …</summary>
    Channel,

    /// <summary>ISO 3166 code of the country where the card was used.</summary>
    Country,

    /// <summary>The merchant's category code.</summary>
    Mcc,

    /// <summary>The device.</summary>
    DeviceId,

    /// <summary>The client's address.</summary>
    Ip,
}
