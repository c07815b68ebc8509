using Scoring.Models.Wire;
using Scoring.Models.Yaml;

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

    private static readonly string[] TextNames = [.. ByName.Where(f => f.Value != TransactionField.TransactionId).Select(f => f.Key)];

    /// <summary>The text fields that a feature may name; the transaction's own id says nothing of its history.</summary>
    public static string TextFields { get; } = string.Join(", ", TextNames);

    public static string KeyFields { get; } = string.Join(", ", Keys.Select(Name));

    /// <summary>The end of a message about a field that there is not: the one that was meant, where one is close.</summary>
    public static string Hint(string wrong) => ClosestName.Hint(wrong, [Amount, .. TextNames]);

    /// <summary>The same about a key.</summary>
    public static string KeyHint(string wrong) => ClosestName.Hint(wrong, Keys.Select(Name));

    public static bool TryText(string name, out TransactionField field) =>
        ByName.TryGetValue(name, out field) && field != TransactionField.TransactionId;

    public static bool TryAny(string name, out TransactionField field) => ByName.TryGetValue(name, out field);

    public static bool TryKey(string name, out TransactionField field) => ByName.TryGetValue(name, out field) && Keys.Contains(field);

    public static string Name(TransactionField field) => ByName.First(f => f.Value == field).Key;
}
