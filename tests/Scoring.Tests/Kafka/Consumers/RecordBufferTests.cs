using Confluent.Kafka;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Consumers;

namespace Scoring.Tests.Kafka.Consumers;

public sealed class RecordBufferTests
{
    private const int Many = 50_000;

    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_is_appended_is_taken_in_order_up_to_the_bounds(int seed)
    {
        var random = new Random(seed);
        var buffer = new RecordBuffer();
        var expected = new Queue<KafkaRecord>();
        long offset = 0;
        for (var step = 0; step < 600; step++)
        {
            for (var appended = random.Next(random.Next(2) == 0 ? 3 : 150); appended > 0; appended--)
            {
                var record = random.Next(8) == 0 ? KafkaRecord.End(offset) : Record(offset++, random.Next(40));
                buffer.Append(record);
                expected.Enqueue(record);
            }

            Take(buffer, expected, 1 + random.Next(100), 1 + random.Next(2_000), $"seed {seed}, step {step}");
            Assert.Equal(expected.Count, buffer.Records);
            Assert.Equal(expected.Sum(r => (long)r.Bytes), buffer.Bytes);
        }
    }

    [Fact]
    public void A_record_that_is_larger_than_a_batch_may_be_is_taken_alone()
    {
        var buffer = new RecordBuffer();
        buffer.Append(Record(0, 500));
        buffer.Append(Record(1, 1));
        Assert.Equal([0L], buffer.Take(10, 100, out _)!.Select(r => r.Offset));
        Assert.Equal([1L], buffer.Take(10, 100, out _)!.Select(r => r.Offset));
        Assert.Null(buffer.Take(10, 100, out _));
    }

    [Fact]
    public async Task One_thread_may_append_while_another_takes()
    {
        var buffer = new RecordBuffer();
        var appending = Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < Many; i++)
                    buffer.Append(Record(i, 10));
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        long next = 0;
        while (next < Many)
        {
            foreach (var record in buffer.Take(64, 10_000, out _) ?? [])
            {
                Assert.Equal(next++, record.Offset);
                Assert.Equal(10, record.Value!.Length);
            }
        }

        await appending;
        Assert.Equal((0, 0), (buffer.Records, buffer.Bytes));
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 20)];

    private static void Take(RecordBuffer buffer, Queue<KafkaRecord> expected, int maxRecords, int maxBytes, string where)
    {
        var records = buffer.Take(maxRecords, maxBytes, out var end);
        if (records is null)
        {
            Assert.True(expected.Count == 0, where);
            return;
        }

        Assert.True(records.Length <= maxRecords && (records.Length == 1 || records.Sum(r => r.Bytes) <= maxBytes), where);
        foreach (var record in records)
            Assert.True(expected.Dequeue().Offset == record.Offset && !record.IsEnd, where);
        if (end is { } mark)
            Assert.True(expected.Dequeue() is { IsEnd: true } its && its.Offset == mark, where);
        else
            Assert.True(expected.Count == 0 || records.Length == maxRecords || expected.Peek().IsEnd || records.Sum(r => r.Bytes) + expected.Peek().Bytes > maxBytes, where);
    }

    private static KafkaRecord Record(long offset, int bytes) => new(offset, default, null, new byte[bytes], null);
}
