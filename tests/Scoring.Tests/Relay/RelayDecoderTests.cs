using System.Text;
using Scoring.Actors.Log;
using Scoring.Actors.Relay;
using Scoring.Models.Wire;

namespace Scoring.Tests.Relay;

public class RelayDecoderTests
{
    private const long RecordTime = 1_772_366_400_000_000; // 2026-03-01T12:00:00Z

    private readonly RelayDecoder decoder = new(new DecodeLimits());

    [Theory]
    [InlineData(RecordKind.Label, """{"transactionId":"t","cardId":"c","userId":"u","label":true,"eventTime":1}""", "u")]
    [InlineData(RecordKind.Label, """{"transactionId":"t","cardId":"c","label":false,"eventTime":1}""", "c")]
    [InlineData(RecordKind.Interaction, """{"interactionId":"i","userId":"u\u0301","type":"login","eventTime":1}""", "u\u0301")]
    [InlineData(RecordKind.Transaction, """{"transactionId":"t","cardId":"c","userId":"u\"1","amount":1,"eventTime":1772366400000}""", "u\"1")]
    [InlineData(RecordKind.Transaction, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":1772366400000}""", "c")]
    public void The_key_is_the_user_else_the_card(RecordKind kind, string json, string key)
    {
        Assert.Null(decoder.Decode(Record(kind, json), out var found));
        Assert.Equal(key, Encoding.UTF8.GetString(found));
    }

    [Theory]
    [InlineData(RecordKind.Label, null, RejectReason.NullValue)]
    [InlineData(RecordKind.Label, """{"transactionId":"t","cardId":"c","eventTime":1}""", RejectReason.MissingField)]
    [InlineData(RecordKind.Interaction, """{"interactionId":"i","type":"login","eventTime":1}""", RejectReason.MissingField)]
    [InlineData(RecordKind.Transaction, """{"transactionId":"t","cardId":"4111111111111111","amount":1,"eventTime":1}""", RejectReason.CardNumber)]
    [InlineData(RecordKind.Transaction, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:05:00.001Z"}""", RejectReason.TimeInFuture)]
    public void What_no_shard_could_apply_is_refused(RecordKind kind, string? json, RejectReason reason)
    {
        Assert.Equal(reason, decoder.Decode(Record(kind, json), out var key)?.Reason);
        Assert.Empty(key);
    }

    private static InputRecord Record(RecordKind kind, string? json) =>
        new(0, RecordTime, null, json is null ? null : Encoding.UTF8.GetBytes(json), kind, null, 0, 0);
}
