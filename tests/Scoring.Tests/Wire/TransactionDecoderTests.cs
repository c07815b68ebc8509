using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Tests.Wire;

public class TransactionDecoderTests
{
    private const long Noon = 1_772_366_400_000_000; // 2026-03-01T12:00:00Z, in microseconds
    private static readonly RecordTime RecordTime = RecordTime.OfMillis(Noon / 1_000);

    private const string Valid = """
        {"transactionId":"t-1","cardId":"c-9","userId":"u-4","merchantId":"m-7","terminalId":"p-3","amount":12.34,"currency":"EUR",
         "eventTime":"2026-03-01T12:00:00.123Z","channel":"ecom","country":"FR","mcc":"5411","deviceId":"d-1","ip":"203.0.113.9"}
        """;

    private readonly TransactionDecoder decoder = new(new DecodeLimits());

    [Fact]
    public void Every_field_of_the_contract_is_read()
    {
        Assert.Null(Decode(Valid, "u-4", out var transaction));
        Assert.Equal(123_400, transaction.AmountUnits);
        Assert.Equal(Noon + 123_000, transaction.EventTimeMicros);
        foreach (var (field, text) in new[]
        {
            (TransactionField.TransactionId, "t-1"), (TransactionField.CardId, "c-9"), (TransactionField.UserId, "u-4"),
            (TransactionField.MerchantId, "m-7"), (TransactionField.TerminalId, "p-3"), (TransactionField.Currency, "EUR"),
            (TransactionField.Channel, "ecom"), (TransactionField.Country, "FR"), (TransactionField.Mcc, "5411"),
            (TransactionField.DeviceId, "d-1"), (TransactionField.Ip, "203.0.113.9"),
        })
            Assert.Equal(text, Encoding.UTF8.GetString(transaction.Field(field)));
    }

    [Fact]
    public void A_valid_transaction_allocates_nothing()
    {
        var value = Encoding.UTF8.GetBytes(Valid);
        var key = "u-4"u8.ToArray();
        decoder.Decode(value, key, RecordTime, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
            decoder.Decode(value, key, RecordTime, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Epoch_milliseconds_are_a_time()
    {
        Assert.Null(Decode("""{"transactionId":"t","cardId":"c","amount":1,"eventTime":1772366400123}""", "c", out var transaction));
        Assert.Equal(Noon + 123_000, transaction.EventTimeMicros);
    }

    [Fact]
    public void A_card_without_a_user_is_its_own_user()
    {
        Assert.Null(Decode("""{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""", "c", out var transaction));
        Assert.Equal("c", Encoding.UTF8.GetString(transaction.UserId));
        Assert.False(transaction.Has(TransactionField.UserId));
    }

    [Theory]
    [InlineData("""2026-03-01T13:00:00\u002B01:00""")]
    [InlineData("""\u0032026-03-01T12:00:00\u005A""")]
    public void A_time_may_be_escaped_as_encoders_do_with_its_plus(string time)
    {
        Assert.Null(Decode($$"""{"transactionId":"t","cardId":"c","amount":1,"eventTime":"{{time}}"}""", "c", out var transaction));
        Assert.Equal(1_772_366_400_000_000, transaction.EventTimeMicros);
    }

    [Theory]
    [InlineData("""2026-03-01T12:00:00\ud800""")]
    [InlineData("""2026-03-01T12:00:00Z\u0020\u0020""")]
    public void An_escaped_time_that_is_none_is_refused(string time) =>
        Assert.Contains("eventTime", Decode($$"""{"transactionId":"t","cardId":"c","amount":1,"eventTime":"{{time}}"}""", "c", out _)!.Detail, StringComparison.Ordinal);

    [Fact]
    public void Unknown_fields_are_ignored_whatever_they_hold() =>
        Assert.Null(Decode("""{"x":[{"amount":-1,"y":[1,2]}],"transactionId":"t","cardId":"c","amount":1,"z":null,"eventTime":"2026-03-01T12:00:00Z","n":1e999}""", "c", out _));

    [Fact]
    public void Escaped_texts_and_names_are_read_and_the_record_stays_as_it_was()
    {
        var json = """{"transactionId":"t\u002d1\u00e9","card\u0049d":"c\"9","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""";
        var value = Encoding.UTF8.GetBytes(json);
        Assert.Null(decoder.Decode(value, "c\"9"u8.ToArray(), RecordTime, out var transaction));
        Assert.Equal("t-1\u00e9", Encoding.UTF8.GetString(transaction.TransactionId));
        Assert.Equal("c\"9", Encoding.UTF8.GetString(transaction.CardId));
        Assert.Equal(json, Encoding.UTF8.GetString(value));
    }

    [Theory]
    [InlineData(RejectReason.NotJson, "")]
    [InlineData(RejectReason.NotJson, "hello")]
    [InlineData(RejectReason.NotJson, "[]")]
    [InlineData(RejectReason.NotJson, "null")]
    [InlineData(RejectReason.NotJson, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}x""")]
    [InlineData(RejectReason.NotJson, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}{}""")]
    [InlineData(RejectReason.NotJson, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03""")]
    [InlineData(RejectReason.NotJson, """{"transactionId":"t","cardId":"c","amount":01,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.NotJson, """{"transactionId":"t","cardId":"c","amount":NaN,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.MissingField, """{"cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.MissingField, """{"transactionId":"","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.MissingField, """{"transactionId":"t","cardId":null,"amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.MissingField, """{"transactionId":"t","cardId":"c","amount":null,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.MissingField, """{"transactionId":"t","cardId":"c","amount":1}""")]
    [InlineData(RejectReason.WrongType, """{"transactionId":7,"cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.WrongType, """{"transactionId":"t","cardId":"c","amount":"1","eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.WrongType, """{"transactionId":"t","cardId":"c","amount":1,"country":{"code":"FR"},"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.WrongType, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":true}""")]
    [InlineData(RejectReason.InvalidText, """{"transactionId":"\ud800","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.InvalidText, """{"transactionId":".","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.InvalidText, """{"transactionId":"t","cardId":"c","userId":"..","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.InvalidText, """{"transactionId":"t\u0000","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.InvalidText, """{"transactionId":"t","cardId":"c","channel":"\u0000","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.AbsurdAmount, """{"transactionId":"t","cardId":"c","amount":1e30,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.AbsurdAmount, """{"transactionId":"t","cardId":"c","amount":-100000000000.0001,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.UnreadableTime, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":"soon"}""")]
    [InlineData(RejectReason.UnreadableTime, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":-1}""")]
    [InlineData(RejectReason.UnreadableTime, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":1.5}""")]
    [InlineData(RejectReason.UnreadableTime, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":99999999999999999999}""")]
    [InlineData(RejectReason.UnreadableTime, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":-9223372036854775808}""")]
    [InlineData(RejectReason.UnreadableTime, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":1772366400123456}""")]
    [InlineData(RejectReason.UnreadableTime, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":"9999-12-31T23:59:59-01:00"}""")]
    [InlineData(RejectReason.UnreadableTime, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":"0001-01-01T00:00:00+01:00"}""")]
    [InlineData(RejectReason.CardNumber, """{"transactionId":"t","cardId":"4111111111111111","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.CardNumber, """{"transactionId":"t","cardId":"4111 1111-1111 1111","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    [InlineData(RejectReason.TimeInFuture, """{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:05:00.001Z"}""")]
    [InlineData(RejectReason.KeyMismatch, """{"transactionId":"t","cardId":"c","userId":"u","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")]
    public void A_record_that_is_not_valid_is_refused_with_its_reason(RejectReason reason, string json)
    {
        var key = json.Contains("4111", StringComparison.Ordinal) ? json.Split('"')[7] : "c";
        Assert.Equal(reason, Decode(json, key, out _)?.Reason);
    }

    [Theory]
    [InlineData("-80", -800_000)]
    [InlineData("-0.00005", 0)]
    [InlineData("-100000000000", -1_000_000_000_000_000)]
    public void A_refund_is_negative_and_valid(string amount, long units)
    {
        Assert.Null(Decode($$"""{"transactionId":"t","cardId":"c","amount":{{amount}},"eventTime":"2026-03-01T12:00:00Z"}""", "c", out var transaction));
        Assert.Equal(units, transaction.AmountUnits);
    }

    [Theory]
    [InlineData("transactionId")]
    [InlineData("cardId")]
    [InlineData("userId")]
    [InlineData("merchantId")]
    [InlineData("terminalId")]
    [InlineData("deviceId")]
    public void A_card_number_is_refused_in_every_id(string field)
    {
        var json = $$"""{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z","{{field}}":"5555 5555-5555 4444"}""";
        var error = Assert.Single(decoder.Decode(Encoding.UTF8.GetBytes(json), out _)!.Fields);
        Assert.Equal((field, RejectReason.CardNumber), (error.Field, error.Reason));
    }

    [Fact]
    public void A_byte_order_mark_is_passed_over_and_texts_stand_where_they_stand()
    {
        byte[] value = [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes("""{"transactionId":"t-1","cardId":"c\u002d9","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""")];
        Assert.Null(decoder.Decode(value, out var transaction));
        Assert.Equal("t-1", Encoding.UTF8.GetString(transaction.TransactionId));
        Assert.Equal("c-9", Encoding.UTF8.GetString(transaction.CardId));
        // Only one, only at the beginning, and only UTF-8's.
        Assert.Equal(RejectReason.NotJson, decoder.Decode([.. Encoding.UTF8.Preamble, .. value], out _)?.Reason);
        Assert.Equal(RejectReason.NotJson, decoder.Decode(Encoding.Unicode.GetPreamble(), out _)?.Reason);
        Assert.Equal(RejectReason.NotJson, decoder.Decode(Encoding.UTF8.GetPreamble(), out _)?.Reason);
    }

    [Theory]
    [InlineData("\"amount\":\"12\",\"eventTime\":\"soon\",\"cardId\":\"4111111111111111\",\"transactionId\":7,", null)]
    [InlineData("\"country\":{\"x\":1},\"country\":null,\"\\u0063ountry\":[],\"country\":\"FR\",", null)]
    [InlineData("\"amount\":1e99,", null)]
    public void Of_equal_keys_the_last_counts_with_its_errors(string before, RejectReason? reason) =>
        Assert.Equal(reason, decoder.Decode(Encoding.UTF8.GetBytes($$"""{{{before}}"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}"""), out _)?.Reason);

    [Theory]
    [InlineData("\"amount\":\"1\"", RejectReason.WrongType)]
    [InlineData("\"amount\":null", RejectReason.MissingField)]
    [InlineData("\"eventTime\":\"soon\"", RejectReason.UnreadableTime)]
    [InlineData("\"cardId\":\"\"", RejectReason.MissingField)]
    [InlineData("\"cardId\":\"4111111111111111\"", RejectReason.CardNumber)]
    [InlineData("\"transactionId\":\"\\ud800\"", RejectReason.InvalidText)]
    public void Of_equal_keys_a_wrong_last_one_is_refused(string after, RejectReason reason)
    {
        var errors = decoder.Decode(Encoding.UTF8.GetBytes($$"""{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z",{{after}}}"""), out _)!.Fields;
        Assert.Equal(reason, Assert.Single(errors).Reason);
    }

    [Fact]
    public void What_is_wrong_with_a_time_is_said_with_what_would_be_right()
    {
        Assert.Equal(
            "eventTime: has no offset from UTC (Z or +02:00); ISO 8601 with an offset (2026-03-01T12:00:00.123Z) or epoch milliseconds is wanted",
            Decode("""{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00"}""", "c", out _)!.Detail);
        Assert.Contains("microseconds?", Decode("""{"transactionId":"t","cardId":"c","amount":1,"eventTime":1772366400123456}""", "c", out _)!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Five_minutes_past_the_record_is_not_yet_the_future() =>
        Assert.Null(Decode("""{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:05:00Z"}""", "c", out _));

    [Fact]
    public void Null_value_null_key_and_a_value_over_the_limit_are_refused()
    {
        Assert.Equal(RejectReason.NullValue, decoder.Decode(null, [1], RecordTime, out _)?.Reason);
        Assert.Equal(RejectReason.NullKey, decoder.Decode(Encoding.UTF8.GetBytes(Valid), null, RecordTime, out _)?.Reason);
        Assert.Equal(RejectReason.TooLarge, decoder.Decode(new byte[2_000_000], [1], RecordTime, out _)?.Reason);
    }

    [Fact]
    public void Deep_nesting_is_refused_and_does_not_overflow_the_stack() =>
        Assert.Equal(RejectReason.NotJson, Decode("{\"x\":" + new string('[', 15_000) + new string(']', 15_000) + "}", "c", out _)?.Reason);

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        var value = Encoding.UTF8.GetBytes("""{"transactionId":"t?","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}""");
        value[Array.IndexOf(value, (byte)'?')] = 0xFF;
        Assert.Equal(RejectReason.InvalidText, decoder.Decode(value, "c"u8.ToArray(), RecordTime, out _)?.Reason);
    }

    [Fact]
    public void Every_wrong_field_is_named_at_once_and_no_value_is_repeated()
    {
        var rejection = Decode("""{"cardId":"4111111111111111","amount":"5","eventTime":"never"}""", "x", out _);
        Assert.NotNull(rejection);
        Assert.Equal(["amount", "cardId", "eventTime", "transactionId"], rejection.Fields.Select(f => f.Field).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("4111", rejection.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_never_throw_and_never_pass()
    {
        var random = new Random(42);
        var valid = Encoding.UTF8.GetBytes(Valid);
        for (var i = 0; i < 20_000; i++)
        {
            var value = (byte[])valid.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                value[random.Next(value.Length)] = (byte)random.Next(256);
            // A flip may leave the record valid; it must only not throw.
            decoder.Decode(random.Next(10) == 0 ? value[..random.Next(value.Length)] : value, "u-4"u8.ToArray(), RecordTime, out _);
            var noise = new byte[random.Next(200)];
            random.NextBytes(noise);
            Assert.NotNull(decoder.Decode(noise, "u-4"u8.ToArray(), RecordTime, out _));
        }
    }

    [Fact]
    public void A_label_is_read_and_a_label_without_its_verdict_refused()
    {
        var json = """{"transactionId":"t-1","cardId":"c-9","userId":"u-4","label":true,"eventTime":"2026-03-02T12:00:00Z"}""";
        Assert.Null(decoder.DecodeLabel(Encoding.UTF8.GetBytes(json), "u-4"u8.ToArray(), default, out var label));
        Assert.Equal("t-1", Encoding.UTF8.GetString(label.TransactionId));
        Assert.Equal("u-4", Encoding.UTF8.GetString(label.UserId));
        Assert.True(label.IsFraud);

        var without = json.Replace("\"label\":true,", "", StringComparison.Ordinal);
        Assert.Equal(RejectReason.MissingField, decoder.DecodeLabel(Encoding.UTF8.GetBytes(without), "u-4"u8.ToArray(), default, out _)?.Reason);
        var wrong = json.Replace("true", "1", StringComparison.Ordinal);
        Assert.Equal(RejectReason.WrongType, decoder.DecodeLabel(Encoding.UTF8.GetBytes(wrong), "u-4"u8.ToArray(), default, out _)?.Reason);
    }

    private Rejection? Decode(string json, string key, out Transaction transaction) =>
        decoder.Decode(Encoding.UTF8.GetBytes(json), Encoding.UTF8.GetBytes(key), RecordTime, out transaction);
}
