using System.Buffers;
using System.Text;
using Scoring.Models.Features;

namespace Scoring.Tests.Features;

/// <summary>What is read as of a transaction, without adding it, is what adding it gives. A failure names its seed.</summary>
public sealed class SharedEntityTests
{
    [Fact]
    public void Reading_a_transaction_gives_what_adding_it_gives_before_and_after()
    {
        for (var seed = 0; seed < 600; seed++)
        {
            var stream = new RandomStream(seed);
            if (!stream.Features.Exists(f => f.Entity == "terminal"))
                continue;
            var features = new CompiledFeatures(stream.Set, stream.Options);
            var scratch = new CardholderScratch(features);
            var entity = new SharedEntity(features, "terminal", "p"u8, TimeSpan.FromSeconds(stream.Retain));
            var unread = new SharedEntity(features, "terminal", "p"u8, TimeSpan.FromSeconds(stream.Retain));
            foreach (var (e, i) in stream.Events.Select((e, i) => (e, i)))
            {
                var transaction = RandomStream.Transaction(new OracleEvent($"t{i}", e.Time, e.Units, e.Texts));
                var (before, added, again, state) = (Vector(stream), Vector(stream), Vector(stream), State(entity));
                // One as of another time first: it must leave nothing behind.
                var other = stream.Events[((7 * i) + 3) % stream.Events.Count];
                entity.Read(RandomStream.Transaction(new OracleEvent("other", other.Time, other.Units, other.Texts)), scratch, before);
                entity.Read(transaction, scratch, before);
                Assert.Equal(state, State(entity));
                var isAdded = entity.Apply(transaction, scratch, added);
                Assert.True(before.AsSpan().SequenceEqual(added), $"seed {seed} event {i}: read {string.Join(' ', before)}, added {string.Join(' ', added)}\n{stream}");
                unread.Apply(transaction, scratch, again);
                Assert.True(again.AsSpan().SequenceEqual(added), $"seed {seed} event {i}: added {string.Join(' ', added)}, without reads {string.Join(' ', again)}\n{stream}");
                if (!isAdded || !stream.Features.Exists(f => f.Entity == "terminal" && f.Aggregate == "rate"))
                    continue;

                // Known by its identity, so it counts once.
                entity.Read(transaction, scratch, again);
                Assert.True(added.AsSpan().SequenceEqual(again), $"seed {seed} event {i}: added {string.Join(' ', added)}, read again {string.Join(' ', again)}\n{stream}");
            }
        }
    }

    [Fact]
    public void A_state_goes_on_from_its_bytes()
    {
        var stream = Enumerable.Range(0, 100).Select(seed => new RandomStream(seed)).First(s => s.Features.Exists(f => f.Entity == "terminal") && s.Events.Count > 9);
        var features = new CompiledFeatures(stream.Set, stream.Options);
        var (scratch, vector) = (new CardholderScratch(features), Vector(stream));
        var entity = new SharedEntity(features, "terminal", "p"u8, TimeSpan.FromDays(1));
        foreach (var e in stream.Events)
            entity.Apply(RandomStream.Transaction(e), scratch, vector);
        var copy = new SharedEntity(features, "terminal", "p"u8, TimeSpan.FromDays(1));
        copy.Restore(new LogMarks(features), Convert.FromHexString(State(entity)));
        Assert.Equal(State(entity), State(copy));
        Assert.Throws<ArgumentException>(() => new SharedEntity(features, "till", "p"u8, TimeSpan.Zero));
    }

    private static double[] Vector(RandomStream stream)
    {
        var vector = new double[stream.Features.Count];
        Array.Fill(vector, double.NaN);
        return vector;
    }

    private static string State(SharedEntity entity)
    {
        var state = new ArrayBufferWriter<byte>();
        entity.Write(state);
        return Convert.ToHexString(state.WrittenSpan);
    }
}
