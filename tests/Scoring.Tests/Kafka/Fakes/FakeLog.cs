using System.Text;
using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>A partition's log: records and what readers of committed records are not handed.</summary>
internal sealed class FakeLog
{
    private readonly List<(KafkaRecord Record, bool IsVisible)> entries = [];

    public long Low { get; private set; }

    public long High => entries.Count;

    public FakeLog Add(int records, int bytes = 10)
    {
        for (var i = 0; i < records; i++)
            Add(Encoding.ASCII.GetBytes($"v{High}".PadRight(bytes)));
        return this;
    }

    public void Add(byte[] value) => entries.Add((new KafkaRecord(High, new Timestamp(High, TimestampType.CreateTime), null, value, null), true));

    /// <summary>What an aborted transaction leaves: offsets that hold nothing for readers of committed records, its marker among them.</summary>
    public FakeLog AddInvisible(int offsets)
    {
        for (var i = 0; i < offsets; i++)
            entries.Add((default, false));
        return this;
    }

    public void Trim(long low) => Low = low;

    public KafkaRecord At(long offset) => entries[(int)offset].Record;

    public bool IsVisible(long offset) => entries[(int)offset].IsVisible;

    public IEnumerable<long> Visible => Enumerable.Range(0, entries.Count).Where(i => entries[i].IsVisible).Select(i => (long)i);
}
