using System.Globalization;
using System.Text;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Benchmarks.Features;

/// <summary>
/// Fills an engine with cards of 50 transactions each, every card with a user of its own, and says what a card and a
/// user take: by the engine's own count, and by what the heap grew.
/// </summary>
internal static class MemoryRun
{
    private const int Events = 50;
    private const long MicrosBetween = 12 * 3_600_000_000L;

    private static readonly string[] Countries = ["DE", "FR", "NL", "US"];

    internal static void Run(int cards)
    {
        using var text = File.OpenText(Path.Combine(FeatureEngineBenchmarks.Root(), "features", "fraud.yaml"));
        var engine = new FeatureEngine(FeatureSet.Parse(text, "fraud.yaml"), new FeatureEngineOptions { LocalEntitiesOnly = true });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Fill(engine, cards);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        foreach (var kind in engine.Statistics())
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind.Name}: {kind.Entities:N0} entities, {kind.Events:N0} events, {kind.Bytes / (double)kind.Entities:N0} bytes each"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the heap grew by {grown / (double)cards:N0} bytes for a card and its user together"));
        GC.KeepAlive(engine);
    }

    private static void Fill(FeatureEngine engine, int cards)
    {
        var vector = new double[engine.Set.FeatureNames.Count];
        var random = new Random(50);
        for (var i = 0; i < Events; i++)
        {
            for (var card = 0; card < cards; card++)
            {
                var transaction = Make(card, i, random);
                engine.Apply(transaction, vector);
            }
        }
    }

    // Mostly one country, a few devices and addresses, a merchant's category out of forty: what a person's month looks like.
    private static Transaction Make(int card, int number, Random random)
    {
        var payload = Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"t-{card}-{number}\nc-{card}\nu-{card}\nm-{random.Next(2_000)}\n{(random.Next(3) == 0 ? "ecom" : "pos")}\n{Countries[random.Next(20) == 0 ? random.Next(4) : card % 4]}\n{5000 + random.Next(40)}\nd-{card}-{random.Next(2)}\n10.{card % 200}.{random.Next(4)}.1"));
        var transaction = new Transaction(payload) { AmountUnits = random.Next(100, 2_000_000), EventTimeMicros = 1_700_000_000_000_000 + (number * MicrosBetween) + card };
        ReadOnlySpan<TransactionField> fields =
        [
            TransactionField.TransactionId, TransactionField.CardId, TransactionField.UserId, TransactionField.MerchantId,
            TransactionField.Channel, TransactionField.Country, TransactionField.Mcc, TransactionField.DeviceId, TransactionField.Ip,
        ];
        var start = 0;
        foreach (var field in fields)
        {
            var rest = payload.AsSpan(start);
            var length = rest.IndexOf((byte)'\n') is var end && end < 0 ? rest.Length : end;
            transaction.SetField(field, start, length);
            start += length + 1;
        }

        return transaction;
    }
}
