using Confluent.Kafka;
using Scoring.Actors.Log;
using Scoring.Actors.Relay;

namespace Scoring.Tests.Relay;

public sealed class OriginPartitionTests : IDisposable
{
    private readonly AutoResetEvent settled = new(false);
    private readonly OriginPartition partition = new(new TopicPartition("labels", 2));

    public void Dispose() => settled.Dispose();

    [Fact]
    public void What_is_acknowledged_out_of_turn_waits_for_what_stands_before_it()
    {
        var (first, second) = (Add(7), Add(9));
        second.Appended();
        Assert.Equal((0, 0), partition.Settle());
        Assert.Null(partition.Committable);
        first.Appended();
        Assert.Equal((2, 20), partition.Settle());
        Assert.Equal(9, partition.Committable);
        Assert.True(partition.IsSettled);
    }

    [Fact]
    public void A_record_that_failed_is_never_committed_and_ends_the_session()
    {
        var (first, second, third) = (Add(7), Add(8), Add(9));
        first.Appended();
        second.Failed(AppendFailure.Broken, "fatal");
        third.Appended();
        var error = Assert.Throws<RelayException>(() => partition.Settle());
        Assert.Contains("labels[2]", error.Message, StringComparison.Ordinal);
        Assert.Equal(7, partition.Committable);
    }

    private RelayedRecord Add(long nextOffset)
    {
        var record = new RelayedRecord(nextOffset, 10, settled);
        partition.Add(record);
        return record;
    }
}
