using Scoring.Simulation.Mutations;
using Scoring.Simulation.Runs;
using Scoring.Tests.Inference;

namespace Scoring.Tests.Simulation;

/// <summary>A short slice of what <c>./dev sim</c> runs at length.</summary>
public class SeedTests
{
    private const int Seeds = 40;

    // Not among those that ./dev sim begins with.
    private const int FirstSeed = 1_000_001;

    [Fact]
    public void Whatever_breaks_every_input_is_decided_once_and_right()
    {
        var repeats = 0;
        for (var seed = FirstSeed; seed < FirstSeed + Seeds; seed++)
        {
            using var world = new World(seed);
            var result = world.Run();
            Assert.True(result.Violation is null, $"seed {seed}: {result.Violation}\n{string.Join('\n', world.Scheduler.Trace.Tail)}");
            repeats += result.Repeats;
        }

        Assert.True(repeats > 0, "crashes must make scores be emitted again, or the runs show little");
    }

    [Theory]
    [InlineData(3)]
    [InlineData(38)]
    [InlineData(177)]
    [InlineData(283)]
    public void A_seed_gives_the_same_run_each_time(int seed)
    {
        using var first = new World(seed);
        using var second = new World(seed);

        Assert.Equal(first.Run(), second.Run());
    }

    [Fact]
    public void Every_mutation_still_applies()
    {
        var mutations = Mutation.ReadAll(BundleFixture.Root);

        Assert.True(mutations.Count >= 20, "each thing that must hold has one");
        Assert.All(mutations, m => Assert.True(m.Apply(File.ReadAllText(Path.Combine(BundleFixture.Root, m.File))) is not null, $"{m.Name}: its text must stand exactly once in {m.File}"));
    }
}
