using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Tests.Wire;

public class InteractionDecoderTests
{
    private const string Valid = """{"interactionId":"i-1","userId":"u-4","type":"login","outcome":"failure","eventTime":"2026-03-01T12:00:00Z","deviceId":"d-1","ip":"203.0.113.9"}""";

    private readonly InteractionDecoder decoder = new(new DecodeLimits());

    [Fact]
    public void Every_field_of_the_contract_is_read()
    {
        Assert.Null(Decode(Valid, out var interaction));
        Assert.Equal(new Interaction("i-1", "u-4", "login", "failure", "d-1", "203.0.113.9", 1_772_366_400_000_000), interaction);
    }

    [Fact]
    public void What_is_optional_may_be_absent_and_what_is_unknown_anything()
    {
        Assert.Null(Decode("""{"x":[{"type":1}],"interactionId":"i","userI\u0064":"u","type":"login","deviceId":"","eventTime":1772366400000}""", out var interaction));
        Assert.Equal(new Interaction("i", "u", "login", null, null, null, 1_772_366_400_000_000), interaction);
    }

    [Theory]
    [InlineData(RejectReason.NotJson, "")]
    [InlineData(RejectReason.NotJson, "[]")]
    [InlineData(RejectReason.NotJson, """{"interactionId":"i","userId":"u","type":"login","eventTime":1}x""")]
    [InlineData(RejectReason.MissingField, """{"userId":"u","type":"login","eventTime":1}""")]
    [InlineData(RejectReason.MissingField, """{"interactionId":"i","userId":"","type":"login","eventTime":1}""")]
    [InlineData(RejectReason.MissingField, """{"interactionId":"i","userId":"u","type":null,"eventTime":1}""")]
    [InlineData(RejectReason.MissingField, """{"interactionId":"i","userId":"u","type":"login"}""")]
    [InlineData(RejectReason.WrongType, """{"interactionId":7,"userId":"u","type":"login","eventTime":1}""")]
    [InlineData(RejectReason.WrongType, """{"interactionId":"i","userId":"u","type":"login","eventTime":[1]}""")]
    [InlineData(RejectReason.InvalidText, """{"interactionId":"\ud800","userId":"u","type":"login","eventTime":1}""")]
    [InlineData(RejectReason.UnreadableTime, """{"interactionId":"i","userId":"u","type":"login","eventTime":"soon"}""")]
    [InlineData(RejectReason.UnreadableTime, """{"interactionId":"i","userId":"u","type":"login","eventTime":-1}""")]
    [InlineData(RejectReason.CardNumber, """{"interactionId":"i","userId":"4111111111111111","type":"login","eventTime":1}""")]
    [InlineData(RejectReason.CardNumber, """{"interactionId":"4111 1111 1111 1111","userId":"u","type":"login","eventTime":1}""")]
    [InlineData(RejectReason.CardNumber, """{"interactionId":"i","userId":"u","type":"login","deviceId":"4111-1111-1111-1111","eventTime":1}""")]
    [InlineData(RejectReason.InvalidText, """{"interactionId":"i","userId":"..","type":"login","eventTime":1}""")]
    [InlineData(RejectReason.InvalidText, """{"interactionId":"i","userId":"u","type":"log\u0000in","eventTime":1}""")]
    [InlineData(RejectReason.UnreadableTime, """{"interactionId":"i","userId":"u","type":"login","eventTime":9223372036854775807}""")]
    public void An_interaction_that_is_not_valid_is_refused_with_its_reason(RejectReason reason, string json)
    {
        Assert.Equal(reason, Decode(json, out var interaction)?.Reason);
        Assert.Null(interaction);
    }

    [Fact]
    public void Too_much_and_bytes_that_are_no_text_are_refused()
    {
        Assert.Equal(RejectReason.TooLarge, decoder.Decode(new byte[100_000], out _)?.Reason);
        Assert.Equal(RejectReason.InvalidText, Decode(Valid.Replace("u-4", new string('u', 300), StringComparison.Ordinal), out _)?.Reason);
        var value = Encoding.UTF8.GetBytes(Valid.Replace("u-4", "?", StringComparison.Ordinal));
        value[Array.IndexOf(value, (byte)'?')] = 0xFF;
        Assert.Equal(RejectReason.InvalidText, decoder.Decode(value, out _)?.Reason);
    }

    [Fact]
    public void Of_equal_keys_the_last_counts_and_a_byte_order_mark_is_passed_over()
    {
        byte[] value = [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes("""{"userId":7,"eventTime":"soon",""" + Valid[1..])];
        Assert.Null(decoder.Decode(value, out var interaction));
        Assert.Equal("u-4", interaction!.UserId);
        Assert.Equal(RejectReason.WrongType, Decode(Valid[..^1] + ",\"userId\":7}", out _)?.Reason);
    }

    [Fact]
    public void A_record_is_held_against_its_key_and_its_time()
    {
        var value = Encoding.UTF8.GetBytes(Valid);
        var noon = RecordTime.OfMillis(1_772_366_400_000);
        Assert.Null(decoder.Decode(value, "u-4"u8.ToArray(), noon, out _));
        Assert.Equal(RejectReason.KeyMismatch, decoder.Decode(value, "u-5"u8.ToArray(), noon, out _)?.Reason);
        Assert.Equal(RejectReason.NullKey, decoder.Decode(value, null, noon, out _)?.Reason);
        Assert.Equal(RejectReason.NullValue, decoder.Decode(null, "u-4"u8.ToArray(), noon, out _)?.Reason);
        Assert.Equal(RejectReason.TimeInFuture, decoder.Decode(value, "u-4"u8.ToArray(), RecordTime.OfMillis(1_772_366_099_999), out _)?.Reason);
    }

    [Fact]
    public void Every_wrong_field_is_named_at_once_and_no_value_is_repeated()
    {
        var rejection = Decode("""{"userId":"4111111111111111","type":5,"eventTime":"never"}""", out _);
        Assert.NotNull(rejection);
        Assert.Equal(["eventTime", "interactionId", "type", "userId"], rejection.Fields.Select(f => f.Field).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("4111", rejection.Detail, StringComparison.Ordinal);
    }

    private Rejection? Decode(string json, out Interaction? interaction) => decoder.Decode(Encoding.UTF8.GetBytes(json), out interaction);
}
