using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Tests.Wire;

public class BodyHashTests
{
    private const string Whole = """
        {"transactionId":"t-1","cardId":"c-9","userId":"u-4","merchantId":"m-7","terminalId":"p-3","amount":12.34,"currency":"EUR",
         "eventTime":"2026-03-01T12:00:00.123Z","channel":"ecom","country":"FR","mcc":"5411","deviceId":"d-1","ip":"203.0.113.9"}
        """;

    private static readonly TransactionDecoder Decoder = new(new DecodeLimits());

    [Fact]
    public void It_never_changes_since_states_and_score_records_hold_it() =>
        Assert.Equal(0xA082_CECD_4C6A_C0EDUL, Of(Whole));

    [Theory]
    [InlineData("""{"ip":"203.0.113.9","deviceId":"d-1","mcc":"5411","country":"FR","channel":"ecom","eventTime":"2026-03-01T12:00:00.123Z","currency":"EUR","amount":12.34,"terminalId":"p-3","merchantId":"m-7","userId":"u-4","cardId":"c-9","transactionId":"t-1"}""")]
    [InlineData("""{"transactionId":"t-1","cardId":"c-9","userId":"u-4","merchantId":"m-\u0037","terminalId":"p-3","amount":1.2340e1,"currency":"EUR","eventTime":"2026-03-01T13:00:00.123000+01:00","channel":"\u0065com","country":"FR","mcc":"5411","deviceId":"d-1","ip":"203.0.113.9","note":{"a":[1]},"x":null}""")]
    [InlineData("""{"transactionId":"t-1","cardId":"c-9","userId":"u-4","merchantId":"m-8","merchantId":"m-7","terminalId":"p-3","amount":12.34,"currency":"EUR","eventTime":1772366400123,"channel":"ecom","country":"FR","mcc":"5411","deviceId":"d-1","ip":"203.0.113.9"}""")]
    public void How_a_body_is_written_makes_no_difference(string json) => Assert.Equal(Of(Whole), Of(json));

    [Fact]
    public void A_field_that_is_absent_null_or_empty_is_missing_alike()
    {
        var absent = Of(With("\"amount\":1"));
        Assert.Equal(absent, Of(With("\"amount\":1,\"merchantId\":null")));
        Assert.Equal(absent, Of(With("\"amount\":1,\"merchantId\":\"\"")));
    }

    [Theory]
    [InlineData("12.34", "12.35")]
    [InlineData("00.123Z", "00.124Z")]
    [InlineData("00.123Z", "00.123001Z")]
    [InlineData("m-7", "m-8")]
    [InlineData("p-3", "p-4")]
    [InlineData("EUR", "USD")]
    [InlineData("ecom", "pos")]
    [InlineData("\"FR\"", "\"DE\"")]
    [InlineData("5411", "5412")]
    [InlineData("d-1", "d-2")]
    [InlineData("203.0.113.9", "203.0.113.8")]
    [InlineData("\"merchantId\":\"m-7\",", "")]
    [InlineData("\"merchantId\":\"m-7\",\"terminalId\":\"p-3\"", "\"merchantId\":\"p-3\",\"terminalId\":\"m-7\"")]
    [InlineData("\"merchantId\"", "\"other\"")]
    public void Each_field_beside_the_identity_makes_a_difference(string text, string instead)
    {
        Assert.Contains(text, Whole, StringComparison.Ordinal);
        Assert.NotEqual(Of(Whole), Of(Whole.Replace(text, instead, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_same_text_in_another_field_makes_a_difference()
    {
        string[] fields = ["merchantId", "terminalId", "currency", "channel", "country", "mcc", "deviceId", "ip"];
        Assert.Equal(fields.Length, fields.Select(f => Of(With($"\"amount\":1,\"{f}\":\"x\""))).Distinct().Count());
    }

    [Fact]
    public void The_identity_makes_none() =>
        Assert.Equal(Of(Whole), Of(Whole.Replace("t-1", "t-2", StringComparison.Ordinal).Replace("c-9", "c-8", StringComparison.Ordinal).Replace("\"userId\":\"u-4\",", "", StringComparison.Ordinal)));

    [Fact]
    public void Neighbouring_amounts_and_times_have_different_hashes()
    {
        var hashes = new HashSet<ulong>();
        var transaction = new Transaction([]);
        for (var amount = -500; amount < 500; amount++)
        {
            for (var time = 0; time < 500; time++)
            {
                transaction.AmountUnits = amount * 100;
                transaction.EventTimeMicros = 1_772_366_400_000_000 + (time * 1_000_000L);
                Assert.True(hashes.Add(BodyHash.Of(transaction)));
            }
        }
    }

    private static string With(string fields) => $$"""{"transactionId":"t","cardId":"c","eventTime":"2026-03-01T12:00:00Z",{{fields}}}""";

    private static ulong Of(string json)
    {
        Assert.Null(Decoder.Decode(Encoding.UTF8.GetBytes(json), out var transaction));
        return BodyHash.Of(transaction);
    }
}
