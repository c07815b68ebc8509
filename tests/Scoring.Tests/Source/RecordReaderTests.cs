using System.Text;
using Confluent.Kafka;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Source;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Tests.Source;

public class RecordReaderTests
{
    private readonly RecordReader reader = new(TimeProvider.System);

    [Fact]
    public void A_record_that_its_producer_wrote_here_has_no_origin()
    {
        var record = Read();
        Assert.Null(record.Origin);
        Assert.Equal(RecordKind.Transaction, record.Kind);
    }

    [Fact]
    public void A_relayed_record_tells_its_origin_and_names_of_topics_are_one_string()
    {
        var origin = new RecordOrigin("eu.labels-1", 3, long.MaxValue);
        var record = Read((RecordHeaders.RelayedFrom, Encoding.ASCII.GetString(origin.ToHeader())), (RecordHeaders.Kind, RecordKinds.Label));
        Assert.Equal(origin, record.Origin);
        Assert.Equal(RecordKind.Label, record.Kind);
        Assert.Same(record.Origin!.Topic, Read((RecordHeaders.RelayedFrom, "eu.labels-1:0:0")).Origin!.Topic);
    }

    [Theory]
    [InlineData("")]
    [InlineData("labels")]
    [InlineData("labels:1")]
    [InlineData(":1:2")]
    [InlineData("labels::2")]
    [InlineData("labels:1:")]
    [InlineData("labels:-1:2")]
    [InlineData("labels:+1:2")]
    [InlineData("labels:1:2 ")]
    [InlineData("labels:4294967296:2")]
    [InlineData("labels:1:9223372036854775808")]
    [InlineData("la bels:1:2")]
    [InlineData("lábels:1:2")]
    public void An_origin_that_is_not_readable_is_no_record_to_apply_whatever_its_other_headers_say(string header)
    {
        var before = Read((RecordHeaders.RelayedFrom, header), (RecordHeaders.Kind, RecordKinds.Transaction));
        var after = Read((RecordHeaders.Kind, RecordKinds.Transaction), (RecordHeaders.RelayedFrom, header));
        Assert.Equal((RecordKind.UnreadableOrigin, RecordKind.UnreadableOrigin), (before.Kind, after.Kind));

        new RecordDecoder(new DecodeLimits(), null, null).Decode(before, out var decoded);
        Assert.Equal(RejectReason.UnreadableOrigin, decoded.Rejection?.Reason);
    }

    [Fact]
    public void Names_beyond_the_bound_are_read_all_the_same()
    {
        for (var i = 0; i <= TopicNames.MaxKept + 1; i++)
            Assert.Equal($"t{i}", Read((RecordHeaders.RelayedFrom, $"t{i}:0:0")).Origin!.Topic);
    }

    [Fact]
    public void Whatever_number_stands_in_a_timestamp_the_record_is_read()
    {
        foreach (var millis in new[] { long.MinValue, -2, -1, 0, 1_772_366_400_000, 1_772_366_400_000_000, long.MaxValue })
        {
            foreach (var type in Enum.GetValues<TimestampType>())
            {
                var time = Read(new Timestamp(millis, type)).Time;
                Assert.Equal(type != TimestampType.NotAvailable && millis is >= 0 and <= EventTime.MaxMicros / 1000, time.IsKnown);
                Assert.Equal(type != TimestampType.NotAvailable && millis is < -1 or > EventTime.MaxMicros / 1000, time.Problem is not null);
                Assert.Equal(time.IsKnown && type == TimestampType.LogAppendTime, time.IsAppendTime);
            }
        }
    }

    private InputRecord Read(Timestamp timestamp) => reader.Read(new ConsumeResult<byte[], byte[]>
    {
        TopicPartitionOffset = new TopicPartitionOffset("transactions", 0, 7),
        Message = new Message<byte[], byte[]> { Key = "c"u8.ToArray(), Value = "{}"u8.ToArray(), Timestamp = timestamp },
    });

    private InputRecord Read(params (string Name, string Value)[] headers)
    {
        Headers all = [];
        foreach (var (name, value) in headers)
            all.Add(name, Encoding.UTF8.GetBytes(value));
        return reader.Read(new ConsumeResult<byte[], byte[]>
        {
            TopicPartitionOffset = new TopicPartitionOffset("transactions", 0, 7),
            Message = new Message<byte[], byte[]> { Key = "c"u8.ToArray(), Value = "{}"u8.ToArray(), Headers = all, Timestamp = new Timestamp(1, TimestampType.CreateTime) },
        });
    }
}
