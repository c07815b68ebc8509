using Confluent.Kafka;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Settings;

namespace Scoring.Tests.Kafka.Consumers;

public sealed class CommitPrefixTests
{
    private readonly PartitionAssignment assignment = new(Subscriptions.AssignmentWithOffset(new TopicPartitionOffset("transactions", 1, 5)), 1, new ConsumerSettings());

    [Fact]
    public void A_batch_that_is_not_done_holds_back_those_behind_it()
    {
        var prefix = new CommitPrefix(5);
        var batches = new[] { Batch(5, 8), Batch(8, 9), Batch(9, 20) };
        foreach (var batch in batches)
            prefix.Issue(batch);
        prefix.Complete(batches[2]);
        prefix.Complete(batches[1]);
        Assert.Equal((5, 3), (prefix.End, prefix.Open));
        prefix.Complete(batches[0]);
        Assert.Equal((20, 0), (prefix.End, prefix.Open));
    }

    [Fact]
    public void A_batch_that_is_done_twice_counts_once()
    {
        var prefix = new CommitPrefix(5);
        var batches = new[] { Batch(5, 8), Batch(8, 9) };
        foreach (var batch in batches)
            prefix.Issue(batch);
        prefix.Complete(batches[0]);
        prefix.Complete(batches[0]);
        Assert.Equal((8, 1), (prefix.End, prefix.Open));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void In_any_order_it_is_the_end_of_the_unbroken_row_and_never_falls(int seed)
    {
        var random = new Random(seed);
        var prefix = new CommitPrefix(5);
        var issued = new List<PartitionBatch>();
        var done = new HashSet<PartitionBatch>();
        var (next, before) = (5L, 5L);
        for (var step = 0; step < 400; step++)
        {
            if (random.Next(2) == 0)
            {
                issued.Add(Batch(next, next += random.Next(4)));
                prefix.Issue(issued[^1]);
            }
            else if (issued.Count > 0)
            {
                var some = issued[random.Next(issued.Count)];
                done.Add(some);
                prefix.Complete(some);
            }

            var row = issued.TakeWhile(done.Contains).LastOrDefault()?.Next ?? 5;
            Assert.True(prefix.End == row, $"seed {seed}, step {step}: {prefix.End} and not {row}");
            Assert.True(prefix.End >= before, $"seed {seed}, step {step}: fell from {before} to {prefix.End}");
            before = prefix.End;
        }
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 25)];

    private PartitionBatch Batch(long from, long next) => new(assignment, [], from, next, false);
}
