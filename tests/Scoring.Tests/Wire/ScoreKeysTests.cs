using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Tests.Wire;

public class ScoreKeysTests
{
    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"transactionId\":")]
    [InlineData("{\"transactionId\":\"t\",\"cardId\":\"c\",\"userId\":\"u\"}")]
    [InlineData("{\"transactionId\":\"\\ud800\",\"cardId\":\"c\",\"userId\":\"u\",\"eventTime\":\"2026-03-01T12:00:00Z\"}")]
    [InlineData("{\"transactionId\":\"t\",\"cardId\":\"c\",\"userId\":\"u\",\"eventTime\":\"2026-03-01T12:00:00Z\",\"bodyHash\":\"00ff\"}")]
    [InlineData("{\"transactionId\":\"t\",\"cardId\":\"c\",\"userId\":\"u\",\"eventTime\":\"2026-03-01T12:00:00Z\",\"bodyHash\":7}")]
    [InlineData("{\"\\udc00ransactionId\":\"t\",\"cardId\":\"c\",\"userId\":\"u\",\"eventTime\":\"2026-03-01T12:00:00Z\"}")]
    public void A_value_that_is_no_score_is_told_and_not_thrown_at(string value) =>
        Assert.False(ScoreKeys.TryRead(Encoding.UTF8.GetBytes(value), out _));

    [Fact]
    public void Bytes_that_are_no_Unicode_are_no_score() =>
        Assert.False(ScoreKeys.TryRead([.. "{\"transactionId\":\""u8, 0xC3, 0x28, .. "\",\"cardId\":\"c\",\"userId\":\"u\",\"eventTime\":\"2026-03-01T12:00:00Z\"}"u8], out _));

    [Fact]
    public void A_score_is_of_the_transaction_that_has_its_body_and_of_no_other_under_the_same_ids()
    {
        var scored = Transaction(12.5, "2026-03-01T12:00:00Z");
        var record = new ScoreWriter(new ScoreOrigin("m", 1, "f", 1, "sha256:00", [])).Write(scored, 0, Decision.Approve, [], [], false, []);

        Assert.True(ScoreKeys.TryRead(record, out var keys));
        Assert.Equal(BodyHash.Of(scored), keys.BodyHash);
        Assert.False(keys.ConflictsWith(Transaction(12.50, "2026-03-01T13:00:00+01:00")));
        Assert.True(keys.ConflictsWith(Transaction(12.51, "2026-03-01T12:00:00Z")));
    }

    [Fact]
    public void A_score_that_does_not_say_which_body_it_is_of_is_told_from_another_by_the_time()
    {
        Assert.True(ScoreKeys.TryRead("{\"transactionId\":\"t\",\"cardId\":\"c\",\"userId\":\"u\",\"eventTime\":\"2026-03-01T12:00:00Z\"}"u8, out var keys));

        Assert.Null(keys.BodyHash);
        Assert.False(keys.ConflictsWith(Transaction(1, "2026-03-01T12:00:00Z")));
        Assert.True(keys.ConflictsWith(Transaction(1, "2026-03-01T12:00:01Z")));
    }

    private static Transaction Transaction(double amount, string time)
    {
        var json = Encoding.UTF8.GetBytes(FormattableString.Invariant($$"""{"transactionId":"t","cardId":"c","userId":"u","amount":{{amount}},"eventTime":"{{time}}"}"""));
        Assert.Null(new TransactionDecoder(new DecodeLimits()).Decode(json, out var transaction));
        return transaction;
    }
}
