using Scoring.Models.Features;
using Xunit.Abstractions;

namespace Scoring.Tests.Features;

/// <summary>Random feature sets over random streams equal the oracle exactly. A failure names its seed.</summary>
public sealed class OracleTests(ITestOutputHelper output)
{
    private const int StreamsPerBatch = 2_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Features_of_random_streams_equal_those_of_the_oracle(int batch)
    {
        var (values, duplicates, conflicts, late) = (0L, 0L, 0L, 0L);
        for (var seed = batch * 1_000_000; seed < (batch * 1_000_000) + StreamsPerBatch; seed++)
        {
            var stream = new RandomStream(seed);
            var engine = new FeatureEngine(stream.Set, stream.Options);
            var oracle = new Oracle(stream.Features, stream.Lateness, stream.Retain, stream.Horizon);
            var vector = new double[stream.Features.Count];
            for (var i = 0; i < stream.Events.Count; i++)
            {
                if (stream.Labels[i] is { } labelled)
                {
                    engine.ApplyLabel(RandomStream.Transaction(labelled), true);
                    oracle.Label(labelled);
                }

                // Now and then the state goes through its bytes, which must change nothing.
                if ((seed + i) % 23 == 0)
                    engine = EngineState.Copy(engine, stream.Options);
                var result = engine.Apply(RandomStream.Transaction(stream.Events[i]), vector);
                var expected = oracle.Apply(stream.Events[i]);
                if (result.Duplicate != expected.Duplicate || result.Conflict != expected.Conflict || result.Late != expected.Late)
                    Assert.Fail($"seed {seed} event {i}: {result}; expected duplicate {expected.Duplicate}, conflict {expected.Conflict}, late {expected.Late}\n{stream}");
                for (var f = 0; f < vector.Length; f++)
                {
                    if (!vector[f].Equals(expected.Values[f]))
                        Assert.Fail($"seed {seed} event {i}: {stream.Features[f].Yaml()} is {vector[f]:R}, expected {expected.Values[f]:R}\n{stream}");
                }

                values += vector.Length;
                duplicates += result.Duplicate ? 1 : 0;
                conflicts += result.Conflict ? 1 : 0;
                late += result.Late ? 1 : 0;
            }
        }

        output.WriteLine($"{values} values equal, {duplicates} duplicates, {conflicts} of them conflicts, {late} late");
        Assert.True(conflicts > 100 && duplicates > conflicts + 100 && late > 1000, "the streams must have duplicates, conflicts and late events");
    }

    [Fact]
    public void Other_cards_that_push_the_watermark_far_ahead_change_no_feature()
    {
        var pushes = 0;
        for (var seed = 0; seed < StreamsPerBatch; seed++)
        {
            var stream = new RandomStream(seed);
            var (quiet, pushed) = (new FeatureEngine(stream.Set, stream.Options), new FeatureEngine(stream.Set, stream.Options));
            var hold = stream.Retain + stream.Lateness;
            var newest = long.MinValue;
            for (var i = 0; i < stream.Events.Count; i++)
            {
                // The one limit: an event that lags all others by more than entities are held.
                newest = Math.Max(newest, stream.Events[i].Time);
                if (stream.Events[i].Time < newest - hold)
                    break;

                // As far as entities are held once more, from the earliest event to come.
                var ahead = stream.Events.Skip(i).Min(e => e.Time) + hold;
                for (var push = 0; push < 2; push++)
                    pushed.Play(Events.Transaction($"push{i}-{push}", ahead, "other", "other"));
                pushes += pushed.WatermarkMicros > quiet.WatermarkMicros ? 1 : 0;
                if (stream.Labels[i] is { } labelled)
                {
                    quiet.ApplyLabel(RandomStream.Transaction(labelled), true);
                    pushed.ApplyLabel(RandomStream.Transaction(labelled), true);
                }

                var (expected, actual) = (quiet.Play(RandomStream.Transaction(stream.Events[i])), pushed.Play(RandomStream.Transaction(stream.Events[i])));

                if (!expected.Features.SequenceEqual(actual.Features) || expected.Result.Duplicate != actual.Result.Duplicate || expected.Result.Late != actual.Result.Late)
                    Assert.Fail($"seed {seed} event {i}: the watermark changed its features\n{stream}");
            }
        }

        Assert.True(pushes > StreamsPerBatch, "the other card must lead");
    }
}
