using Scoring.Models.Features;

namespace Scoring.Actors.Checkpoints;

/// <summary>An earlier checkpoint of a partition.</summary>
/// <param name="Offset">The offset that its state is exactly before.</param>
/// <param name="ExpiryMicros">Up to when entities had grown old there, in microseconds since 1970-01-01T00:00:00Z.</param>
public readonly record struct EarlierCheckpoint(long Offset, long ExpiryMicros);

/// <summary>
/// A complete checkpoint: written once all of its cardholders and dues are durable, under the number of its offset. The newest one
/// is where a take-over begins.
/// </summary>
public sealed record PartitionManifest
{
    private const byte Version = 1;

    // Apart from this one, a program that knows no unfinished manifest reads all.
    private const byte UnfinishedVersion = 2;

    /// <summary>
    /// The number of an unfinished manifest: above every other, so that it is the newest as long as it is there, whatever a former owner
    /// still saves.
    /// </summary>
    public const long UnfinishedNumber = long.MaxValue;

    // A checkpoint needs those before it only to know which rows nothing reads any more.
    internal const int MaxEarlier = 2;

    /// <summary>The offset that the state is exactly before.</summary>
    public required long Offset { get; init; }

    /// <summary>The topic of the log.</summary>
    public required string Topic { get; init; }

    /// <summary>The topic's id; empty where the brokers have none.</summary>
    public required string TopicId { get; init; }

    /// <summary>How many partitions the topic has: with another number other users live here.</summary>
    public required int Partitions { get; init; }

    /// <summary>The log's marks of time, and the layouts of the stored states.</summary>
    public required byte[] Marks { get; init; }

    /// <summary>The highest offset of each origin that records are relayed from.</summary>
    public required byte[] Origins { get; init; }

    /// <summary>Up to when entities have grown old, in microseconds since 1970-01-01T00:00:00Z.</summary>
    public required long ExpiryMicros { get; init; }

    /// <summary>The checkpoints before, newest first.</summary>
    public IReadOnlyList<EarlierCheckpoint> Earlier { get; init; } = [];

    /// <summary>Whether a bootstrap is making the state, or was and did not end: no owner may live on what there is of it.</summary>
    public bool IsUnfinished { get; init; }

    /// <summary>What stands in place of a manifest while a bootstrap makes the state.</summary>
    /// <param name="offset">The offset that the state will be exactly before.</param>
    /// <param name="topic">The topic of the log.</param>
    /// <param name="topicId">The topic's id; empty where the brokers have none.</param>
    /// <param name="partitions">How many partitions it has.</param>
    public static PartitionManifest Unfinished(long offset, string topic, string topicId, int partitions) => new()
    {
        Offset = offset,
        Topic = topic,
        TopicId = topicId,
        Partitions = partitions,
        Marks = [],
        Origins = [],
        ExpiryMicros = long.MinValue,
        IsUnfinished = true,
    };

    /// <summary>The bytes of a row.</summary>
    public byte[] Write() => StoredFrame.Write(IsUnfinished ? UnfinishedVersion : Version, output =>
    {
        output.Write(Offset);
        output.Write(Topic);
        output.Write(TopicId);
        output.Write(Partitions);
        output.Bytes(Marks);
        output.Bytes(Origins);
        output.Write(ExpiryMicros);
        output.Write7BitEncodedInt(Earlier.Count);
        foreach (var earlier in Earlier)
        {
            output.Write(earlier.Offset);
            output.Write(earlier.ExpiryMicros);
        }
    });

    /// <summary>Reads a row.</summary>
    /// <param name="bytes">What <see cref="Write"/> made.</param>
    /// <exception cref="StateDamagedException">The bytes are not as they were written.</exception>
    /// <exception cref="StateNewerException">They are of a newer version.</exception>
    public static PartitionManifest Read(byte[] bytes) => StoredFrame.Read("the partition's manifest", bytes, UnfinishedVersion, static (version, input) => new PartitionManifest
    {
        Offset = input.ReadInt64(),
        Topic = input.ReadString(),
        TopicId = input.ReadString(),
        Partitions = input.ReadInt32(),
        Marks = input.Bytes(),
        Origins = input.Bytes(),
        ExpiryMicros = input.ReadInt64(),
        Earlier = ReadEarlier(input),
        IsUnfinished = version == UnfinishedVersion,
    });

    private static EarlierCheckpoint[] ReadEarlier(BinaryReader input)
    {
        var count = input.Read7BitEncodedInt();
        if (count is < 0 or > MaxEarlier)
            throw new ArgumentException($"{count} earlier checkpoints, and there are {MaxEarlier} at most");
        var earlier = new EarlierCheckpoint[count];
        for (var i = 0; i < count; i++)
            earlier[i] = new EarlierCheckpoint(input.ReadInt64(), input.ReadInt64());
        return earlier;
    }
}
