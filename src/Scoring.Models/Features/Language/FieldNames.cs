using Scoring.Models.Wire;

namespace Scoring.Models.Features.Language;

/// <summary>The names of an event's fields, as the wire format spells them.</summary>
internal static class FieldNames
{
    public const string Amount = "amount";

    private static readonly Dictionary<string, TransactionField> ByName = new()
    {
        ["transactionId"] = TransactionField.TransactionId,
        ["cardId"] = TransactionField.CardId,
        ["userId"] = TransactionField.UserId,
        ["merchantId"] = TransactionField.MerchantId,
        ["terminalId"] = TransactionField.TerminalId,
        ["currency"] = TransactionField.Currency,
        ["channel"] = TransactionField.Channel,
        ["country"] = TransactionField.Country,
        ["mcc"] = TransactionField.Mcc,
        ["deviceId"] = TransactionField.DeviceId,
        ["ip"] = TransactionField.Ip,
    };

    private static readonly TransactionField[] Keys =
    [
        TransactionField.CardId, TransactionField.UserId, TransactionField.MerchantId,
        TransactionField.TerminalId, TransactionField.DeviceId, TransactionField.Ip,
    ];

    /// <summary>The text fields that a feature may name; the transaction's own id says nothing of its history.</summary>
    public static string TextFields { get; } = string.Join(", ", ByName.Where(f => f.Value != TransactionField.TransactionId).Select(f => f.Key));

    public static string KeyFields { get; } = string.Join(", ", Keys.Select(Name));

    public static bool TryText(string name, out TransactionField field) =>
        ByName.TryGetValue(name, out field) && field != TransactionField.TransactionId;

    public static bool TryAny(string name, out TransactionField field) => ByName.TryGetValue(name, out field);

    public static bool TryKey(string name, out TransactionField field) => ByName.TryGetValue(name, out field) && Keys.Contains(field);

    public static string Name(TransactionField field) => ByName.First(f => f.Value == field).Key;
}
