using System.Text;
using Confluent.Kafka;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Relay;
using Scoring.Actors.Source;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using Scoring.Tests.Wire;

namespace Scoring.Tests.Hostile;

/// <summary>
/// Whatever a record holds, in its value, key, headers or timestamp, it is refused with a reason or it is an event: nothing
/// throws. As many records as <see cref="HostileValues.CountVariable"/> says.
/// </summary>
public class HostileRecordTests
{
    private const int Seed = 20261126;
    private const int RecordsAStage = 5_000;
    private static readonly DecodeLimits Limits = new DecodeLimits().ForNode(TimeSpan.FromDays(30));

    private const string Features = """
        featureSet: tiny
        version: 1
        lateness: 1h
        entities:
          card: { key: cardId, retain: 1d }
          user: { key: userId, retain: 1d }
        sessions: { entity: user, gap: 30m }
        features:
          - { name: count_1d, from: card, agg: count, window: 1d }
          - { name: sum_1d,   from: user, agg: sum, of: amount, window: 1d }
        """;

    private readonly HostileRecords records = new(Seed);
    private readonly HostileValues values = new(Seed + 1);
    private readonly RecordReader reader = new(TimeProvider.System);
    private readonly TransactionDecoder decoder = new(Limits);
    private readonly ScoreWriter writer = new(new ScoreOrigin("m", 1, "f", 1, "sha256:0", []));

    [Fact]
    public void Any_record_is_refused_with_a_reason_or_applied_and_scored()
    {
        var (reading, engine) = (new RecordDecoder(Limits, new LogPlace(0, 1), null), Engine());
        var applied = 0;
        var reasons = new HashSet<RejectReason>();
        for (var i = 0; i < HostileValues.Count; i++)
        {
            if (i % RecordsAStage == 0)
                engine = Engine();
            var result = records.Next();
            Guard(i, result, () =>
            {
                var record = reader.Read(result);
                reading.Decode(record, out var decoded);
                Assert.NotEqual(RejectReason.Poison, decoded.Rejection?.Reason);
                var verdict = reading.Judge(decoded, EventTime.Of(values.Clock()));
                Assert.NotEqual(RejectReason.Poison, verdict?.Reason);
                reasons.Add((decoded.Rejection ?? verdict)?.Reason ?? RejectReason.None);
                if (decoded.Rejection is not null)
                    return;
                if (record.Kind == RecordKind.Label)
                    engine.ApplyLabel(decoded.Label);
                if (record.Kind != RecordKind.Transaction)
                    return;
                CheckValid(decoded.Transaction);
                applied += engine.Apply(decoded.Transaction, new double[engine.Set.FeatureNames.Count]).Conflict ? 0 : 1;
            });
        }

        // It would say nothing if little of it were valid, or nothing wrong in some way.
        Assert.InRange(applied, HostileValues.Count / 200, HostileValues.Count);
        RejectReason[] unseen =
        [
            RejectReason.NullValue, RejectReason.NullKey, RejectReason.TooLarge, RejectReason.NotJson, RejectReason.MissingField, RejectReason.WrongType, RejectReason.InvalidText, RejectReason.AbsurdAmount,
            RejectReason.UnreadableTime, RejectReason.TimeInFuture, RejectReason.TimeTooOld, RejectReason.UnreadableRecordTime, RejectReason.KeyMismatch, RejectReason.CardNumber, RejectReason.UnknownKind,
            RejectReason.UnreadableOrigin,
        ];
        Assert.Empty(unseen.Except(reasons));
    }

    [Fact]
    public void Any_record_of_a_relayed_topic_is_refused_with_a_reason_or_gets_its_users_key()
    {
        var clock = new FixedTime(DateTimeOffset.UnixEpoch);
        var relay = new RelayDecoder(Limits, clock);
        var relayed = 0;
        for (var i = 0; i < HostileValues.Count; i++)
        {
            var result = records.Next();
            Guard(i, result, () =>
            {
                clock.Now = values.Clock();
                var record = reader.Read(result) with { Kind = values.OneOf(RecordKind.Label, RecordKind.Interaction, RecordKind.Transaction) };
                var rejection = relay.Decode(record, out var key);
                Assert.NotEqual(RejectReason.Poison, rejection?.Reason);
                Assert.Equal(rejection is null, key.Length > 0);
                relayed += rejection is null ? 1 : 0;
                CheckSameWords(record, rejection);
            });
        }

        Assert.InRange(relayed, HostileValues.Count / 200, HostileValues.Count);
    }

    private static FeatureEngine Engine() => new(FeatureSet.Parse(new StringReader(Features), "tiny.yaml"), new FeatureEngineOptions { LocalEntitiesOnly = true });

    // What is accepted can be looked at again, written, read back, and fetched.
    private void CheckValid(in Transaction transaction)
    {
        Assert.Null(decoder.Rules.Check(transaction));
        Assert.InRange(transaction.AmountUnits, -Money.MaxUnits, Money.MaxUnits);
        Assert.InRange(transaction.EventTimeMicros, 0, EventTime.MaxMicros);
        var score = writer.Write(transaction, 0.5f, Decision.Review, [], [], late: false, []);
        Assert.True(ScoreKeys.TryRead(score, out var keys));
        Assert.Equal((Encoding.UTF8.GetString(transaction.TransactionId), transaction.EventTimeMicros), (keys.TransactionId, keys.EventTimeMicros));
        Assert.DoesNotContain('\0', keys.TransactionId + keys.CardId + keys.UserId);
        Assert.EndsWith(keys.TransactionId, Uri.UnescapeDataString(new Uri($"http://x/v1/scores/{Uri.EscapeDataString(keys.TransactionId)}").AbsolutePath), StringComparison.Ordinal);
    }

    // The same value gets the same answer in the same words, whether it is relayed or comes by itself.
    private void CheckSameWords(in InputRecord record, Rejection? relayed)
    {
        if (record.Kind != RecordKind.Transaction || record.Value is not { } value || decoder.Decode(value, out _) is not { } rejection)
            return;
        Assert.Equal((rejection.Reason, rejection.Detail), (relayed!.Reason, relayed.Detail));
    }

    private static void Guard(int number, ConsumeResult<byte[], byte[]> result, Action check)
    {
        try
        {
            check();
        }
        catch (Exception e)
        {
            var message = result.Message;
            var value = message.Value is null ? "null" : message.Value.Length > 2_000 ? $"{message.Value.Length} bytes" : Convert.ToHexString(message.Value);
            throw new InvalidOperationException($"input {number} of seed {Seed}: timestamp {message.Timestamp.Type} {message.Timestamp.UnixTimestampMs}, headers {string.Join(", ", message.Headers.Select(h => h.Key))}, value {value}", e);
        }
    }
}
