using System.Text;
using Scoring.Actors.Log;
using Scoring.Actors.Relay;
using Scoring.Models.Wire;
using Scoring.Tests.Wire;

namespace Scoring.Tests.Relay;

public class RelayDecoderTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly RelayDecoder decoder = new(new DecodeLimits().ForNode(TimeSpan.Zero), new FixedTime(Noon));

    [Theory]
    [InlineData(RecordKind.Label, """{"transactionId":"t","cardId":"c","userId":"u","label":true,"eventTime":1772366400000}""", "u")]
    [InlineData(RecordKind.Label, """{"transactionId":"t","cardId":"c","label":false,"eventTime":1772366400000}""", "c")]
    [InlineData(RecordKind.Interaction, """{"interactionId":"i","userId":"u\u0301","type":"login","eventTime":1772366400000}""", "u\u0301")]
    [InlineData(RecordKind.Transaction, """{"transactionId":"t","cardId":"c","userId":"u\"1","amount":1,"eventTime":1772366400000}""", "u\"1")]
    [InlineData(RecordKind.Transaction, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":1772366400000}""", "c")]
    public void The_key_is_the_user_else_the_card(RecordKind kind, string json, string key)
    {
        Assert.Null(decoder.Decode(Record(kind, json), out var found));
        Assert.Equal(key, Encoding.UTF8.GetString(found));
    }

    [Theory]
    [InlineData(RecordKind.Label, null, RejectReason.NullValue)]
    [InlineData(RecordKind.Label, """{"transactionId":"t","cardId":"c","eventTime":1772366400000}""", RejectReason.MissingField)]
    [InlineData(RecordKind.Interaction, """{"interactionId":"i","type":"login","eventTime":1772366400000}""", RejectReason.MissingField)]
    [InlineData(RecordKind.Transaction, """{"transactionId":"t","cardId":"4111111111111111","amount":1,"eventTime":1772366400000}""", RejectReason.CardNumber)]
    [InlineData(RecordKind.Transaction, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:05:00.001Z"}""", RejectReason.TimeInFuture)]
    [InlineData(RecordKind.Label, """{"transactionId":"t","cardId":"c","label":true,"eventTime":"2026-03-01T12:05:00.001Z"}""", RejectReason.TimeInFuture)]
    [InlineData(RecordKind.Interaction, """{"interactionId":"i","userId":"u","type":"login","eventTime":"9999-12-31T23:59:59Z"}""", RejectReason.TimeInFuture)]
    [InlineData(RecordKind.Label, """{"transactionId":"t","cardId":"c","label":true,"eventTime":1772366400}""", RejectReason.TimeTooOld)]
    [InlineData(RecordKind.Label, """{"transactionId":"5555555555554444","cardId":"c","label":true,"eventTime":1772366400000}""", RejectReason.CardNumber)]
    public void What_no_shard_could_apply_is_refused(RecordKind kind, string? json, RejectReason reason)
    {
        Assert.Equal(reason, decoder.Decode(Record(kind, json), out var key)?.Reason);
        Assert.Empty(key);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(24)]
    public void A_clock_that_is_ahead_with_its_records_is_told_by_the_node(int hours)
    {
        var json = $$"""{"transactionId":"t","cardId":"c","amount":1,"eventTime":"{{Noon.AddHours(hours):yyyy-MM-ddTHH:mm:ssZ}}"}""";
        var record = Record(RecordKind.Transaction, json) with { Time = RecordTime.OfMillis(Noon.AddHours(hours).ToUnixTimeMilliseconds()) };
        Assert.Equal(hours == 0 ? null : RejectReason.TimeInFuture, decoder.Decode(record, out _)?.Reason);
    }

    [Theory]
    [InlineData(1_772_366_400_000_000)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    [InlineData(-2)]
    public void A_timestamp_that_is_no_time_is_refused_and_none_is_none(long millis)
    {
        var record = Record(RecordKind.Label, """{"transactionId":"t","cardId":"c","label":true,"eventTime":1772366400000}""");
        Assert.Equal(RejectReason.UnreadableRecordTime, decoder.Decode(record with { Time = RecordTime.OfMillis(millis) }, out _)?.Reason);
        Assert.Null(decoder.Decode(record with { Time = RecordTime.OfMillis(-1) }, out _));
    }

    private static InputRecord Record(RecordKind kind, string? json) =>
        new(0, RecordTime.OfMillis(Noon.ToUnixTimeMilliseconds()), null, json is null ? null : Encoding.UTF8.GetBytes(json), kind, null, default, 0);
}
