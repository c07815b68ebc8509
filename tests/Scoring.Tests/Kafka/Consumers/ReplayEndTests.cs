using Scoring.Kafka.Consumers;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Kafka.Consumers;

/// <summary>How a reader learns that it has read up to an offset: by the position, since no record may be there.</summary>
public sealed class ReplayEndTests(StreamFixture streams) : IClassFixture<StreamFixture>, IDisposable
{
    private readonly ConsumerRig rig = new(streams);

    public void Dispose() => rig.Dispose();

    [Fact]
    public void A_replay_ends_where_an_aborted_transaction_is_last_in_the_log()
    {
        rig.Log(1).Add(3).AddInvisible(4);
        var (_, batches) = rig.Read(1, 0);
        rig.Turns.Run();
        batches.Request(1);
        var batch = batches.ExpectNext();
        Assert.Equal(3, batch.Records.Count);
        Assert.Equal((0, 7), (batch.From, batch.Next));
        Assert.True(batch.IsAtEnd);
    }

    [Fact]
    public void A_stretch_without_any_record_is_told_by_a_batch_without_any()
    {
        rig.Log(1).AddInvisible(4);
        var (_, batches) = rig.Read(1, 1);
        batches.Request(5);
        rig.Turns.Run();
        var batch = batches.ExpectNext();
        Assert.Empty(batch.Records);
        Assert.Equal((1, 4), (batch.From, batch.Next));
    }

    [Fact]
    public void What_an_aborted_transaction_adds_to_a_partition_at_its_end_moves_the_position()
    {
        rig.Log(1).Add(1);
        var (_, batches) = rig.Read(1, 0);
        batches.Request(5);
        rig.Turns.Run();
        Assert.Equal(1, batches.ExpectNext().Next);
        Assert.True(batches.ExpectNext().IsAtEnd);
        rig.Log(1).AddInvisible(2);
        rig.Turns.Run();
        var batch = batches.ExpectNext();
        Assert.Empty(batch.Records);
        Assert.Equal((1, 3), (batch.From, batch.Next));
    }

    [Fact]
    public void A_partition_that_has_nothing_from_the_beginning_says_that_it_is_at_its_end()
    {
        rig.Log(1).Add(5);
        var (_, batches) = rig.Read(1, 5);
        batches.Request(5);
        rig.Turns.Run();
        var batch = batches.ExpectNext();
        Assert.True(batch.IsAtEnd);
        Assert.Equal((5, 5), (batch.From, batch.Next));
    }

    [Fact]
    public void The_end_is_not_told_again_of_each_record_that_is_the_last()
    {
        var (_, batches) = rig.Read(1, 0);
        batches.Request(50);
        rig.Turns.Run();
        Assert.True(batches.ExpectNext().IsAtEnd);
        for (var i = 0; i < 5; i++)
        {
            rig.Log(1).Add(1);
            rig.Turns.Run();
            Assert.Equal((i, i + 1), (batches.ExpectNext() is var b ? b.From : 0, b.Next));
        }

        batches.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void Each_batch_begins_where_the_one_before_ended()
    {
        rig.Log(1).Add(3).AddInvisible(2).Add(1).AddInvisible(1).Add(4).AddInvisible(3);
        var (_, batches) = rig.Read(1, 1);
        batches.Request(50);
        rig.Turns.Run();
        var next = 1L;
        var offsets = new List<long>();
        while (next < rig.Log(1).High)
        {
            var batch = batches.ExpectNext();
            Assert.Equal(next, batch.From);
            Assert.All(batch.Records, r => Assert.InRange(r.Offset, batch.From, batch.Next - 1));
            offsets.AddRange(batch.Records.Select(r => r.Offset));
            next = batch.Next;
        }

        Assert.Equal([1L, 2, 5, 7, 8, 9, 10], offsets);
    }
}
