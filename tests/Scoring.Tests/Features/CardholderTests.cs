using System.Buffers;
using System.Text;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using Xunit.Abstractions;
using static Scoring.Tests.Features.Events;

namespace Scoring.Tests.Features;

/// <summary>Cardholders one by one give what an engine gives that holds them all. A failure names its seed.</summary>
public sealed class CardholderTests(ITestOutputHelper output)
{
    private const int Streams = 1_000;

    [Fact]
    public void Cardholders_give_the_features_and_sessions_of_an_engine_that_holds_them_all()
    {
        var (values, sessions, labels) = (0L, 0L, 0L);
        for (var seed = 0; seed < Streams; seed++)
        {
            var stream = new RandomStream(seed);
            var options = new FeatureEngineOptions { DuplicateHorizon = TimeSpan.FromSeconds(stream.Horizon), LocalEntitiesOnly = true };
            var engine = new FeatureEngine(stream.Set, options);
            var holders = new Holders(stream.Set, options);
            var (expected, actual) = (new double[stream.Features.Count], new double[stream.Features.Count]);
            for (var i = 0; i < stream.Events.Count; i++)
            {
                if (stream.Labels[i] is { } labelled)
                {
                    Assert.Equal(engine.ApplyLabel(LabelOf(labelled)), holders.Label(LabelOf(labelled)));
                    labels++;
                }

                if ((seed + i) % 5 == 0)
                    holders.ThroughBytes();
                var transaction = RandomStream.Transaction(stream.Events[i]);
                var wanted = engine.Apply(transaction, expected);
                var result = holders.Apply(transaction, actual);
                Assert.True(wanted.Degraded.SequenceEqual(result.Degraded) && wanted with { Degraded = [] } == result with { Degraded = [] }, $"seed {seed} event {i}: {result}, not {wanted}\n{stream}");
                Assert.True(expected.AsSpan().SequenceEqual(actual), $"seed {seed} event {i}: {string.Join(' ', actual)}, not {string.Join(' ', expected)}\n{stream}");
                Assert.Equal(engine.SessionsClosed.Select(Text).Order(), holders.SessionsClosed.Order());
                values += actual.Length;
                sessions += engine.SessionsClosed.Count;
            }

            ReadsAlike(seed, stream, engine, holders);
        }

        output.WriteLine($"{values} values, {sessions} sessions and {labels} labels alike");
        Assert.True(sessions > 1_000 && labels > 1_000);
    }

    [Fact]
    public void A_record_that_was_applied_before_is_refused()
    {
        var stream = new RandomStream(1);
        var features = new CompiledFeatures(stream.Set, new FeatureEngineOptions { LocalEntitiesOnly = true });
        var holder = new Cardholder(features, "u"u8);
        var (scratch, marks, vector) = (new CardholderScratch(features), new LogMarks(features), new double[stream.Features.Count]);
        holder.Apply(Transaction("t1", 1, "c", "u", 10_000), new RecordMarks(7, marks.Time.ExpiryMicros, marks.History), scratch, vector);
        Assert.Equal(8, holder.NextOffset);
        Assert.Throws<ArgumentException>(() => holder.Apply(Transaction("t2", 2, "c", "u", 10_000), new RecordMarks(7, marks.Time.ExpiryMicros, marks.History), scratch, vector));
    }

    [Fact]
    public void A_flipped_bit_anywhere_in_a_state_is_found()
    {
        var stream = new RandomStream(2);
        var features = new CompiledFeatures(stream.Set, new FeatureEngineOptions { LocalEntitiesOnly = true });
        var (scratch, marks, vector) = (new CardholderScratch(features), new LogMarks(features), new double[stream.Features.Count]);
        var holder = new Cardholder(features, "u"u8);
        for (var i = 0; i < 3; i++)
            holder.Apply(Transaction($"t{i}", i, "c", "u", 10_000), new RecordMarks(i, marks.Time.ExpiryMicros, marks.History), scratch, vector);
        var state = new ArrayBufferWriter<byte>();
        holder.Write(state, scratch);
        Assert.Equal(3, Cardholder.Read(features, marks, "u"u8, state.WrittenSpan).NextOffset);
        Assert.Throws<StateDamagedException>(() => Cardholder.Read(features, marks, "v"u8, state.WrittenSpan));
        for (var bit = 0; bit < 8 * state.WrittenCount; bit++)
        {
            var damaged = state.WrittenSpan.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<StateDamagedException>(() => Cardholder.Read(features, marks, "u"u8, damaged));
        }
    }

    private static Label LabelOf(OracleEvent e)
    {
        var transaction = RandomStream.Transaction(e);
        byte[] payload = [.. transaction.TransactionId, .. transaction.CardId, .. transaction.UserId];
        var (id, card) = (transaction.TransactionId.Length, transaction.CardId.Length);
        return new Label(payload, ..id, id..(id + card), (id + card).., true, transaction.EventTimeMicros);
    }

    private static void ReadsAlike(int seed, RandomStream stream, FeatureEngine engine, Holders holders)
    {
        var (expected, actual) = (new double[stream.Features.Count], new double[stream.Features.Count]);
        foreach (var e in stream.Events)
        {
            var transaction = RandomStream.Transaction(e);
            var known = engine.TryRead(transaction.UserId, transaction.CardId, expected, out var asOf);
            Assert.Equal((known, asOf), (holders.Read(transaction, actual, out var actualAsOf), actualAsOf));
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"seed {seed}: {string.Join(' ', actual)}, not {string.Join(' ', expected)}\n{stream}");
        }
    }

    private static string Text(SessionClosed closed) => $"{Convert.ToHexString(closed.UserId.Span)} {closed with { UserId = default }}";

    /// <summary>A partition's cardholders, told of records as their owner does it.</summary>
    private sealed class Holders
    {
        private readonly CompiledFeatures features;
        private readonly CardholderScratch scratch;
        private readonly LogMarks marks;
        private readonly Dictionary<string, Cardholder> holders = [];
        private long offset;

        public Holders(FeatureSet set, FeatureEngineOptions options)
        {
            features = new CompiledFeatures(set, options);
            scratch = new CardholderScratch(features);
            marks = new LogMarks(features);
        }

        public List<string> SessionsClosed { get; } = [];

        public FeatureResult Apply(in Transaction transaction, Span<double> vector)
        {
            var holder = Of(transaction.UserId);
            SessionsClosed.Clear();
            marks.Begin(transaction.EventTimeMicros);
            var result = holder.Apply(transaction, new RecordMarks(offset, marks.Time.ExpiryMicros, marks.History), scratch, vector);
            SessionsClosed.AddRange(scratch.SessionsClosed.Select(Text));
            marks.Advance(transaction.EventTimeMicros);
            Close();
            offset++;
            return result;
        }

        public bool Label(in Label label)
        {
            var marked = Of(label.UserId).ApplyLabel(label, new RecordMarks(offset, marks.Time.ExpiryMicros, marks.History), scratch);
            offset++;
            return marked;
        }

        public bool Read(in Transaction transaction, Span<double> vector, out long asOf) =>
            Of(transaction.UserId).TryRead(transaction.CardId, marks.Time.ExpiryMicros, scratch, vector, out asOf);

        public void ThroughBytes()
        {
            var written = new ArrayBufferWriter<byte>();
            marks.Save(written);
            marks.Restore(written.WrittenSpan);
            foreach (var (name, holder) in holders)
            {
                written.ResetWrittenCount();
                holder.Write(written, scratch);
                holders[name] = Cardholder.Read(features, marks, holder.Key, written.WrittenSpan);
            }
        }

        private void Close()
        {
            foreach (var holder in holders.Values)
            {
                if (holder.CloseThrough(marks.Time.WatermarkMicros, offset, scratch))
                    SessionsClosed.AddRange(scratch.SessionsClosed.Select(Text));
            }
        }

        private Cardholder Of(ReadOnlySpan<byte> user)
        {
            var name = Encoding.UTF8.GetString(user);
            if (!holders.TryGetValue(name, out var holder))
                holders.Add(name, holder = new Cardholder(features, user));
            return holder;
        }
    }
}
