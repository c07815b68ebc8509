using System.Buffers;
using System.Globalization;
using System.Text;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.State;
using Scoring.Models.Wire;

namespace Scoring.Benchmarks.State;

/// <summary>
/// Cards with a user each and a past of ten transactions, which are durable at offset 0 of their shard, and the records
/// that come after.
/// </summary>
internal static class BenchCards
{
    internal const int EventsBefore = 10;

    private const int CardsAtOnce = 10_000;
    private const long FirstMicros = 1_740_830_400_000_000; // 2025-03-01T12:00:00Z
    private const long MicrosBetween = 12 * 3_600_000_000L;

    private static readonly string[] Countries = ["DE", "FR", "NL", "US"];

    /// <summary>Writes the cards of a range, a checkpoint for some thousands.</summary>
    /// <returns>Bytes of all states.</returns>
    internal static async Task<long> FillAsync(ISnapshotStore store, int partition, int from, int to)
    {
        var epoch = (await store.AcquireAsync(partition, new ShardOwner("bench", null), CancellationToken.None)).Epoch;
        var bytes = 0L;
        for (; from < to; from += CardsAtOnce)
        {
            var checkpoint = Checkpoint(partition, epoch, from, Math.Min(to, from + CardsAtOnce));
            if (!await store.WriteAsync(checkpoint, CancellationToken.None))
                throw new InvalidOperationException("the checkpoint was refused");
            bytes += checkpoint.Entities.Sum(e => (long)e.State.Length);
        }

        return bytes;
    }

    /// <summary>A record of a card, later than all of its past.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="card">The card's number.</param>
    /// <param name="micros">How long after the past it happens.</param>
    internal static InputRecord Record(long offset, int card, long micros)
    {
        var at = FirstMicros + (EventsBefore * MicrosBetween) + micros;
        return Record(offset, card, at, string.Create(CultureInfo.InvariantCulture, $"t-{card}-{offset}"), offset);
    }

    private static Checkpoint Checkpoint(int partition, long epoch, int from, int to)
    {
        var stage = new EntityStage(BenchNode.FeatureSet, new DecodeLimits(), new EntityOptions());
        var features = new double[BenchNode.FeatureSet.FeatureNames.Count];
        for (var number = 0; number < EventsBefore; number++)
        {
            for (var card = from; card < to; card++)
            {
                stage.Decode(Record(0, card, FirstMicros + (number * MicrosBetween) + card, $"t-{card}-past-{number}", (17L * card) + number), out var decoded);
                stage.Apply(decoded, features);
            }
        }

        var marks = new ArrayBufferWriter<byte>();
        stage.Engine.Freeze();
        stage.SaveMarks(marks);
        var entities = new List<EntityWrite>();
        stage.Engine.WriteFrozen(int.MaxValue, (kind, key, state, newest, watched) => entities.Add(new EntityWrite(kind, key.ToArray(), state.ToArray(), newest, watched)));
        return new Checkpoint { Partition = partition, Epoch = epoch, Offset = 0, Marks = marks.WrittenMemory, Entities = entities };
    }

    // Mostly one country, a few devices, a merchant's category out of forty: what a person's days look like.
    private static InputRecord Record(long offset, int card, long micros, string id, long variety) => new(
        offset,
        RecordTime.OfMillis(micros / 1_000),
        Encoding.UTF8.GetBytes(User(card)),
        Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"transactionId":"{{id}}","cardId":"c-{{card:D8}}","userId":"{{User(card)}}","merchantId":"m-{{variety % 1_999}}","amount":{{1 + (variety % 400)}}.{{10 + (variety % 90)}},"currency":"EUR","eventTime":{{micros / 1_000}},"channel":"{{(variety % 3 == 0 ? "ecom" : "pos")}}","country":"{{Countries[variety % 19 == 0 ? 1 : card % 4]}}","mcc":"{{5_400 + (variety % 40)}}","deviceId":"d-{{card}}-{{variety % 2}}","ip":"10.{{card % 200}}.{{variety % 3}}.1"}""")),
        RecordKind.Transaction,
        null,
        default,
        TimeProvider.System.GetTimestamp());

    private static string User(int card) => string.Create(CultureInfo.InvariantCulture, $"u-{card:D8}");
}
