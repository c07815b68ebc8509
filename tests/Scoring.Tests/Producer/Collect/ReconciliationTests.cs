using System.Text;
using Scoring.Producer.Collect;

namespace Scoring.Tests.Producer.Collect;

public sealed class ReconciliationTests
{
    private readonly Reconciliation reconciliation = new(new NumberedIds("t-"u8.ToArray()));

    [Fact]
    public void Everything_is_accounted_for_when_each_valid_one_is_scored_once_and_each_malformed_one_is_a_dead_letter()
    {
        Send(0, 1, 2);
        reconciliation.SendMalformed();
        reconciliation.DeliverMalformed(3, 17);
        reconciliation.SendDuplicate();

        Assert.False(reconciliation.Counts().AllAccountedFor);
        Score("t-1", "decline");
        Score("t-0", "approve");
        Score("t-2", "review", late: true);
        reconciliation.DeadLetter(3, 17);

        var counts = reconciliation.Counts();
        Assert.True(counts.AllAccountedFor);
        Assert.Equal((5, 3, 1, 1), (counts.Sent, counts.Valid, counts.Malformed, counts.DuplicatesSent));
        Assert.Equal((3, 1, 0), (counts.Scored, counts.DeadLettered, counts.Missing));
        Assert.Equal((1, 1, 1, 1), (counts.Approve, counts.Review, counts.Decline, counts.Late));
    }

    [Fact]
    public void A_valid_one_without_a_score_is_missing()
    {
        Send(0, 1);
        Score("t-1");

        Assert.Equal(1, reconciliation.Counts().Missing);
        Assert.False(reconciliation.Counts().AllAccountedFor);
    }

    [Fact]
    public void A_second_score_of_an_id_is_a_duplicate_and_counts_no_decision_again()
    {
        Send(0);
        Assert.True(Score("t-0", "approve"));

        Assert.False(Score("t-0", "decline"));

        var counts = reconciliation.Counts();
        Assert.Equal((1, 1, 0), (counts.Duplicates, counts.Approve, counts.Decline));
        Assert.False(counts.AllAccountedFor);
    }

    [Theory]
    [InlineData("t-1")]
    [InlineData("t-00")]
    [InlineData("t-+0")]
    [InlineData("t-")]
    [InlineData("x-0")]
    public void A_score_of_an_id_that_was_not_sent_is_unexpected(string id)
    {
        Send(0);
        Score("t-0");

        Assert.False(Score(id));

        Assert.Equal(1, reconciliation.Counts().Unexpected);
        Assert.False(reconciliation.Counts().AllAccountedFor);
    }

    [Fact]
    public void A_dead_letter_may_come_before_the_report_of_its_delivery()
    {
        reconciliation.SendMalformed();
        reconciliation.DeadLetter(0, 4);
        Assert.Equal((0, 1), (reconciliation.Counts().DeadLettered, reconciliation.Counts().Unexpected));

        reconciliation.DeliverMalformed(0, 4);

        Assert.Equal((1, 0), (reconciliation.Counts().DeadLettered, reconciliation.Counts().Unexpected));
        Assert.True(reconciliation.Counts().AllAccountedFor);
    }

    [Fact]
    public void A_dead_letter_of_a_good_record_and_a_second_one_of_a_bad_record_are_unexpected()
    {
        Send(0);
        Score("t-0");
        reconciliation.SendMalformed();
        reconciliation.DeliverMalformed(0, 1);
        reconciliation.DeadLetter(0, 1);
        Assert.True(reconciliation.Counts().AllAccountedFor);

        reconciliation.DeadLetter(0, 0);
        reconciliation.DeadLetter(0, 1);

        Assert.Equal(2, reconciliation.Counts().Unexpected);
        Assert.False(reconciliation.Counts().AllAccountedFor);
    }

    [Fact]
    public void A_malformed_one_without_a_dead_letter_is_seen()
    {
        reconciliation.SendMalformed();
        reconciliation.DeliverMalformed(0, 1);

        Assert.False(reconciliation.Counts().AllAccountedFor);
    }

    [Fact]
    public void A_latency_counts_from_the_intended_time_of_the_first_sending()
    {
        reconciliation.SendValid(Of("t-0"), 1_000, isFraud: false);
        reconciliation.SendDuplicate();

        Assert.True(ScoreView.TryRead(Record("t-0", "approve", false), out var score));
        Assert.True(reconciliation.Score(score, out var intended));

        Assert.Equal(1_000, intended);
    }

    [Fact]
    public void Fraud_counts_as_stopped_when_it_is_reviewed_or_declined()
    {
        for (var i = 0; i < 3; i++)
            reconciliation.SendValid(Of($"t-{i}"), 0, isFraud: i > 0);
        Score("t-0", "decline");
        Score("t-1", "review");
        Score("t-2", "approve");

        Assert.Equal((2, 1), (reconciliation.Counts().Fraud, reconciliation.Counts().FraudStopped));
    }

    [Fact]
    public void Hundreds_of_thousands_are_matched_in_any_order()
    {
        const int Count = 200_000;
        for (var i = 0; i < Count; i++)
            reconciliation.SendValid(Of($"t-{i}"), i, isFraud: false);
        // A multiplier coprime to the count visits each number once.
        for (var i = 0L; i < Count; i++)
        {
            var number = i * 77_773 % Count;
            Assert.True(ScoreView.TryRead(Record($"t-{number}", "approve", false), out var score));
            Assert.True(reconciliation.Score(score, out var intended));
            Assert.Equal(number, intended);
        }

        Assert.True(reconciliation.Counts().AllAccountedFor);
        Score("t-123456");
        Assert.Equal(1, reconciliation.Counts().Duplicates);
    }

    [Fact]
    public void Ids_of_a_file_may_be_anything_and_a_repeated_row_counts_as_a_duplicate_sent()
    {
        var file = new Reconciliation(new HashedIds());
        foreach (var id in new[] { "a", "b", "a", "" })
            file.SendValid(Of(id), 0, isFraud: false);

        var counts = file.Counts();

        Assert.Equal((4, 3, 1), (counts.Sent, counts.Valid, counts.DuplicatesSent));
    }

    [Fact]
    public void The_same_id_of_another_card_or_user_is_a_transaction_of_its_own()
    {
        var file = new Reconciliation(new HashedIds());
        foreach (var (card, user) in new[] { ("c-1", "u-1"), ("c-2", "u-1"), ("c-1", "u-2"), ("c-1u", "-1") })
        {
            file.SendValid(Of("000123", card, user), 0, isFraud: false);
            Assert.True(ScoreView.TryRead(Record("000123", "approve", false, card, user), out var score));
            Assert.True(file.Score(score, out _));
        }

        Assert.True(ScoreView.TryRead(Record("000123", "approve", false, "c-2", "u-2"), out var other));
        Assert.False(file.Score(other, out _));
        Assert.Equal((4, 0, 4, 1), (file.Counts().Valid, file.Counts().DuplicatesSent, file.Counts().Scored, file.Counts().Unexpected));
    }

    internal static byte[] Record(string id, string decision, bool late, string card = "c-1", string user = "u-1") => Encoding.UTF8.GetBytes(
        $$$"""{"transactionId":"{{{id}}}","cardId":"{{{card}}}","userId":"{{{user}}}","score":0.25,"decision":"{{{decision}}}","reasons":["amount","night"],"model":{"name":"m"},"degraded":[],"late":{{{(late ? "true" : "false")}}},"eventTime":"2026-03-01T12:00:00Z"}""");

    private static TransactionIdentity Of(string id, string card = "c-1", string user = "u-1") =>
        new(Encoding.UTF8.GetBytes(user), Encoding.UTF8.GetBytes(card), Encoding.UTF8.GetBytes(id));

    private void Send(params int[] numbers)
    {
        foreach (var number in numbers)
            reconciliation.SendValid(Of($"t-{number}"), 0, isFraud: false);
    }

    private bool Score(string id, string decision = "approve", bool late = false)
    {
        Assert.True(ScoreView.TryRead(Record(id, decision, late), out var score));
        return reconciliation.Score(score, out _);
    }
}
