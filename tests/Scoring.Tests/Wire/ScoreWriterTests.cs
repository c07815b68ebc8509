using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Scoring.Models.Wire;

namespace Scoring.Tests.Wire;

public class ScoreWriterTests
{
    private static readonly ScoreOrigin Origin = new("fraud", 1, "set", 2, "sha256:00ff", ["a", "b"]);

    private readonly ScoreWriter writer = new(Origin);

    [Fact]
    public void The_record_has_the_contract_s_fields_in_their_order()
    {
        var record = writer.Write(Transaction("t-1", "c-9", "u-4"), 0.25f, Decision.Review, ["score_above_review", "feature:a"], ["cold_window"], true, [1.5, double.NaN]);
        Assert.Equal(
            """{"transactionId":"t-1","cardId":"c-9","userId":"u-4","score":0.25,"decision":"review","reasons":["score_above_review","feature:a"],"model":{"name":"fraud","version":1},"featureSet":{"name":"set","version":2,"fingerprint":"sha256:00ff"},"degraded":["cold_window"],"late":true,"eventTime":"2026-03-01T12:00:00.123Z","bodyHash":"25808a1b5084c79a","features":{"a":1.5,"b":null}}""",
            Encoding.UTF8.GetString(record));
    }

    [Fact]
    public void Without_features_the_record_has_none() =>
        Assert.Null(JsonNode.Parse(writer.Write(Transaction("t", "c", "u"), 0, Decision.Approve, [], [], false, []))!["features"]);

    [Fact]
    public void The_same_score_is_the_same_bytes_whatever_was_written_between()
    {
        var first = writer.Write(Transaction("t-1", "c-9", "u-4"), 0.1f, Decision.Approve, [], [], false, []);
        writer.Write(Transaction(new string('x', 200), "c", "u"), 0.9f, Decision.Decline, ["r"], ["d"], true, [1, 2]);
        Assert.Equal(first, writer.Write(Transaction("t-1", "c-9", "u-4"), 0.1f, Decision.Approve, [], [], false, []));
        Assert.Equal(first, new ScoreWriter(Origin).Write(Transaction("t-1", "c-9", "u-4"), 0.1f, Decision.Approve, [], [], false, []));
    }

    [Theory]
    [InlineData("quote\" backslash\\ slash/")]
    [InlineData("\u00e9\u4e2d\ud83d\ude00")]
    [InlineData("control\u0001\n\t\u007f\u2028")]
    [InlineData("<script>&'")]
    public void Any_id_comes_back_as_it_was(string id)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(new { transactionId = id, cardId = id, amount = 1, eventTime = "2026-03-01T12:00:00Z" });
        Assert.Null(new TransactionDecoder(new DecodeLimits()).Decode(json, out var transaction));
        Assert.True(ScoreKeys.TryRead(writer.Write(transaction, 0.5f, Decision.Approve, [], [], false, []), out var keys));
        Assert.Equal(id, keys.TransactionId);
        Assert.Equal(id, keys.CardId);
    }

    private static Transaction Transaction(string id, string card, string user)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(new { transactionId = id, cardId = card, userId = user, amount = 1, eventTime = "2026-03-01T12:00:00.123Z" });
        Assert.Null(new TransactionDecoder(new DecodeLimits()).Decode(json, out var transaction));
        return transaction;
    }
}
