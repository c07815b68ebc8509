using System.Text.Json;
using Scoring.Models.Features;

namespace Scoring.Tests.Features;

/// <summary>The budgets of budgets.json that do not depend on the machine's speed. Alone, since it weighs the heap.</summary>
[Collection(nameof(RunsAlone))]
public sealed class FeatureBudgetTests
{
    private const int Events = 50;
    private const long MicrosPerHour = 3_600_000_000;

    private static readonly JsonElement Budgets = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(Repository.Root, "tests", "Scoring.Benchmarks", "budgets.json"))).RootElement.GetProperty("features");

    [Theory]
    [InlineData("card")]
    [InlineData("user")]
    public void An_entity_with_50_transactions_in_its_windows_takes_no_more_than_its_budget(string kind)
    {
        const int entities = 200;
        var engine = new FeatureEngine(Shipped("fraud.yaml"), new FeatureEngineOptions { LocalEntitiesOnly = true });
        Play(engine, entities);

        var statistics = engine.Statistics().Single(s => s.Name == kind);

        Assert.Equal((entities, entities * Events), (statistics.Entities, statistics.Events));
        Assert.InRange(statistics.Bytes / entities, 1, Budgets.GetProperty("bytesPerEntityWith50Transactions").GetProperty(kind).GetInt64());
    }

    [Fact]
    public void The_estimate_of_memory_is_close_to_what_the_heap_grows_by()
    {
        const int entities = 4_000;
        var engine = new FeatureEngine(Shipped("fraud.yaml"), new FeatureEngineOptions { LocalEntitiesOnly = true });
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Play(engine, entities);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;

        Assert.InRange(engine.Statistics().Sum(s => s.Bytes) / (double)grown, 0.9, 1.1);
    }

    private static void Play(FeatureEngine engine, int entities)
    {
        var vector = new double[engine.Set.FeatureNames.Count];
        for (var i = 0; i < entities * Events; i++)
        {
            var entity = i % entities;
            var transaction = Tests.Features.Events.Transaction(
                $"t-{i:D8}", 0, $"card-{entity:D8}", $"user-{entity:D8}", i, merchant: $"m-{i}", channel: "ecom", country: i % 7 == 0 ? "FR" : "DE", device: $"d-{i % 2}");
            transaction.EventTimeMicros = i / entities * MicrosPerHour;
            engine.Apply(transaction, vector);
        }
    }

    private static FeatureSet Shipped(string name)
    {
        using var text = File.OpenText(Path.Combine(Repository.Root, "features", name));
        return FeatureSet.Parse(text, name);
    }
}

/// <summary>Tests that run while no other does.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
