using System.Text;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Tests.Features;

/// <summary>Makes transactions and feature sets for tests, in few words.</summary>
internal static class Events
{
    public const long Second = 1_000_000;

    public static Transaction Transaction(
        string id, double seconds, string card = "c", string? user = null, long units = 10_000, string? terminal = null,
        string? merchant = null, string? channel = null, string? country = null, string? device = null)
    {
        var fields = new (TransactionField Field, string? Text)[]
        {
            (TransactionField.TransactionId, id), (TransactionField.CardId, card), (TransactionField.UserId, user),
            (TransactionField.TerminalId, terminal), (TransactionField.MerchantId, merchant), (TransactionField.Channel, channel),
            (TransactionField.Country, country), (TransactionField.DeviceId, device),
        };
        var transaction = new Transaction(Encoding.UTF8.GetBytes(string.Concat(fields.Select(f => f.Text))));
        var offset = 0;
        foreach (var (field, text) in fields)
        {
            var length = Encoding.UTF8.GetByteCount(text ?? "");
            if (length > 0)
                transaction.SetField(field, offset, length);
            offset += length;
        }

        transaction.AmountUnits = units;
        transaction.EventTimeMicros = (long)(seconds * Second);
        return transaction;
    }

    public static FeatureSet Set(string features, string lateness = "1h", string zone = "UTC", string retain = "30d", int maxEvents = 1000) =>
        FeatureSet.Parse(
            new StringReader($$"""
                featureSet: test
                version: 1
                timeZone: {{zone}}
                lateness: {{lateness}}
                entities:
                  card: { key: cardId, retain: {{retain}}, maxEvents: {{maxEvents}} }
                  user: { key: userId, retain: {{retain}}, maxEvents: {{maxEvents}} }
                  terminal: { key: terminalId, retain: {{retain}}, maxEvents: {{maxEvents}} }
                features:
                {{features}}
                """),
            "test.yaml");

    public static (double[] Features, FeatureResult Result) Play(this FeatureEngine engine, Transaction transaction)
    {
        var features = new double[engine.Set.FeatureNames.Count];
        var result = engine.Apply(transaction, features);
        return (features, result);
    }

    /// <summary>Whether the engine knows the transaction's identity, and whether by another body.</summary>
    public static (bool Duplicate, bool Conflict) Seen(this FeatureEngine engine, Transaction transaction)
    {
        var result = engine.Play(transaction).Result;
        return (result.Duplicate, result.Conflict);
    }

    public static double Value(this FeatureEngine engine, Transaction transaction) => engine.Play(transaction).Features[^1];
}
