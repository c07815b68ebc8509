using System.Globalization;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Tests.Features;

/// <summary>Ids that differ a little, as counters do, must never be taken for one another.</summary>
public class IdHashTests
{
    private const string Set = """
        featureSet: hash
        version: 1
        timeZone: UTC
        lateness: 1h
        entities:
          card: { key: cardId, retain: 1d, maxEvents: 60000 }
        features:
          - { name: n, from: card, agg: distinct, of: merchantId, window: 1d }
        """;

    [Theory]
    [InlineData("{0}")]
    [InlineData("t-{0}")]
    [InlineData("a{0}b")]
    [InlineData("transaction-{0}")]
    [InlineData("2026-03-01/terminal-17/{0}/x")]
    [InlineData("{0:D12}")]
    public void Counters_of_any_length_are_all_different(string format)
    {
        const int ids = 50_000;
        var engine = new FeatureEngine(FeatureSet.Parse(new StringReader(Set), "hash.yaml"), new FeatureEngineOptions());
        var vector = new double[1];
        for (var i = 0; i < ids; i++)
        {
            // Neighbours, and numbers of one digit more.
            var id = string.Format(CultureInfo.InvariantCulture, format, i % 2 == 0 ? i / 2 : (i * 10) + 1_000_000);
            var transaction = Tests.Features.Events.Transaction(id, i, "c", "c", 1, merchant: id);
            Assert.False(engine.Apply(transaction, vector).Duplicate, id);
            Assert.Equal(i + 1, vector[0]);
        }
    }
}
