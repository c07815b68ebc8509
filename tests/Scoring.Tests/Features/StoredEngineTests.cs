using Scoring.Models.Features;
using Xunit.Abstractions;

namespace Scoring.Tests.Features;

/// <summary>Where an entity's state lies must not matter: in memory, evicted, frozen half way, or read again after a crash.</summary>
public sealed class StoredEngineTests(ITestOutputHelper output)
{
    private const int StreamsPerBatch = 1_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void An_engine_that_evicts_checkpoints_and_crashes_computes_what_an_undisturbed_one_does(int batch)
    {
        var (evicted, crashes, putBack) = (0L, 0L, 0L);
        for (var seed = batch * 1_000_000; seed < (batch * 1_000_000) + StreamsPerBatch; seed++)
        {
            var (stream, random) = (new RandomStream(seed), new Random(seed));
            var plain = new FeatureEngine(stream.Set, stream.Options);
            var expected = stream.Events.Select((_, i) => Step(i, stream, plain)).ToArray();
            var stored = new StoredEngine(stream.Set, stream.Options, random);
            for (var i = 0; i < expected.Length; i++)
            {
                stored.BetweenRecords(i);
                if (random.Next(30) == 0)
                    i = stored.Crash();
                var actual = Step(i, stream, stored);
                if (actual != expected[i])
                    Assert.Fail($"seed {seed} event {i}: {actual}\nexpected {expected[i]}\n{stream}");
            }

            evicted += stored.Evicted;
            crashes += stored.Crashes;
            putBack += stored.PutBack;
        }

        output.WriteLine($"{evicted} evicted, {crashes} crashes, {putBack} put back");
        Assert.True(evicted > StreamsPerBatch && crashes > StreamsPerBatch / 3 && putBack > StreamsPerBatch, "the store must have been used");
    }

    private static string Step(int i, RandomStream stream, FeatureEngine engine)
    {
        var label = stream.Labels[i] is { } labelled && engine.ApplyLabel(RandomStream.Transaction(labelled), true);
        return Text(label, engine, engine.Play(RandomStream.Transaction(stream.Events[i])));
    }

    private static string Step(int i, RandomStream stream, StoredEngine stored)
    {
        var label = stream.Labels[i] is { } labelled && stored.Label(RandomStream.Transaction(labelled));
        var played = stored.Play(RandomStream.Transaction(stream.Events[i]));
        return Text(label, stored.Engine, played);
    }

    private static string Text(bool label, FeatureEngine engine, (double[] Features, FeatureResult Result) played) =>
        $"{label} {played.Result.Duplicate} {played.Result.Conflict} {played.Result.Late} {string.Join(',', played.Result.Degraded)} {string.Join(' ', played.Features)} "
        + string.Join(';', engine.SessionsClosed.Select(s => SessionText(s))) + $" at {engine.WatermarkMicros}";

    private static string SessionText(SessionClosed s) => System.Text.Encoding.UTF8.GetString(SessionRecord.Value(s));
}
