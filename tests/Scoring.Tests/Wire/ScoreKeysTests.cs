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
    [InlineData("{\"\\udc00ransactionId\":\"t\",\"cardId\":\"c\",\"userId\":\"u\",\"eventTime\":\"2026-03-01T12:00:00Z\"}")]
    public void A_value_that_is_no_score_is_told_and_not_thrown_at(string value) =>
        Assert.False(ScoreKeys.TryRead(Encoding.UTF8.GetBytes(value), out _));

    [Fact]
    public void Bytes_that_are_no_Unicode_are_no_score() =>
        Assert.False(ScoreKeys.TryRead([.. "{\"transactionId\":\""u8, 0xC3, 0x28, .. "\",\"cardId\":\"c\",\"userId\":\"u\",\"eventTime\":\"2026-03-01T12:00:00Z\"}"u8], out _));
}
