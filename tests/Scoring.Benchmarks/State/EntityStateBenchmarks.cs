using System.Text;
using BenchmarkDotNet.Attributes;
using Scoring.Benchmarks.Features;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Benchmarks.State;

/// <summary>What it takes, an entity, to freeze and write the engine's state, and a transaction, to see that its entities are in memory.</summary>
[MemoryDiagnoser]
public class EntityStateBenchmarks
{
    private const int Cards = 10_000;
    private const int Events = 20;
    private const long MicrosBetween = 12 * 3_600_000_000L;

    private readonly Transaction[] transactions = [.. Enumerable.Range(0, Cards).Select(Make)];
    private readonly EntityKeySet missing = new();
    private FeatureEngine engine = null!;
    private double[] vector = [];
    private long time;
    private long bytes;

    [GlobalSetup]
    public void Setup()
    {
        using var text = File.OpenText(Path.Combine(FeatureEngineBenchmarks.Root(), "features", "fraud.yaml"));
        engine = new FeatureEngine(FeatureSet.Parse(text, "fraud.yaml"), new FeatureEngineOptions { LocalEntitiesOnly = true });
        vector = new double[engine.Set.FeatureNames.Count];
        for (var i = 0; i < Events; i++)
            ChangeAll();
        engine.Freeze();
        engine.WriteFrozen(int.MaxValue, (_, _, state, _, _) => bytes += state.Length);
        engine.FrozenIsLost();
        Console.WriteLine($"{bytes / (2 * Cards)} bytes an entity with {Events} events");
    }

    /// <summary>All entities changed: freezes and writes them. The figures are of one entity.</summary>
    [Benchmark(OperationsPerInvoke = 2 * Cards)]
    public long FreezeAndWrite()
    {
        engine.Freeze();
        engine.WriteFrozen(int.MaxValue, (_, _, state, _, _) => bytes += state.Length);
        engine.FrozenIsLost();
        return bytes;
    }

    /// <summary>Both entities of each transaction are in memory. The figures are of one transaction.</summary>
    [Benchmark(OperationsPerInvoke = Cards)]
    public int FindMissing()
    {
        foreach (var transaction in transactions)
            engine.FindMissing(transaction, missing);
        return missing.Count;
    }

    private static Transaction Make(int card)
    {
        var transaction = new Transaction(Encoding.ASCII.GetBytes($"{card:D8}card-{card:D8}user-{card:D8}FR")) { AmountUnits = card };
        transaction.SetField(TransactionField.TransactionId, 0, 8);
        transaction.SetField(TransactionField.CardId, 8, 13);
        transaction.SetField(TransactionField.UserId, 21, 13);
        transaction.SetField(TransactionField.Country, 34, 2);
        return transaction;
    }

    // The same ids again are no repeats: the horizon of 24 h is shorter than two steps.
    private void ChangeAll()
    {
        time += 2 * MicrosBetween;
        foreach (var transaction in transactions)
        {
            var next = transaction;
            next.EventTimeMicros = time;
            engine.Apply(next, vector);
        }
    }
}
