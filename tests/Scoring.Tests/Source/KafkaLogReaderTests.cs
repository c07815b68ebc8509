using Confluent.Kafka;
using Scoring.Actors.Source;

namespace Scoring.Tests.Source;

/// <summary>Where a stretch of a log with markers of transactions ends: such offsets are never handed out.</summary>
public class KafkaLogReaderTests
{
    private const long To = 8;

    [Theory]
    [InlineData(6, false)]
    [InlineData(7, true)]
    public void A_record_of_the_stretch_ends_it_if_it_is_the_last(long offset, bool ends) => Assert.Equal((true, ends), Of(offset, isEnd: false));

    [Theory]
    [InlineData(8)]
    [InlineData(11)]
    public void A_record_behind_the_stretch_ends_it_and_is_not_of_it(long offset) => Assert.Equal((false, true), Of(offset, isEnd: false));

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    public void A_stretch_that_ends_with_markers_ends_with_the_partition(long end) => Assert.Equal((false, true), Of(end, isEnd: true));

    // A leader that has just become one may not know the last record yet: it is waited for.
    [Theory]
    [InlineData(7)]
    [InlineData(3)]
    public void A_partition_that_ends_before_the_stretch_does_not_end_it(long end) => Assert.Equal((false, false), Of(end, isEnd: true));

    private static (bool IsIn, bool IsAtEnd) Of(long offset, bool isEnd)
    {
        var result = new ConsumeResult<byte[], byte[]> { TopicPartitionOffset = new TopicPartitionOffset("transactions", 0, offset), IsPartitionEOF = isEnd };
        return (KafkaLogReader.IsIn(result, To), KafkaLogReader.IsAtEnd(result, To));
    }
}
