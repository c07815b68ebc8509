using System.Runtime.Serialization;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using Google.Protobuf;
using Scoring.Actors.Messages;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Tests.Messages;

/// <summary>What goes between nodes, written and read back, and what comes of bytes that nobody wrote.</summary>
public sealed class RemoteMessageSerializerTests : TestKit
{
    private static readonly UInt128 Call = new(0x0123456789abcdef, 0xfedcba9876543210);

    private readonly RemoteMessageSerializer serializer;

    public RemoteMessageSerializerTests() => serializer = new RemoteMessageSerializer((ExtendedActorSystem)Sys);

    private static readonly IRemoteMessage[] Samples =
    [
        new PartitionEnvelope(0, new ReadCard("c-1", ["u-1", "u-2"])),
        new PartitionEnvelope(1023, ReadStatistics.Instance),
        new ReadCard("", []),
        new ReadCard("κάρτα-9", ["ü"]),
        new CardRead(null),
        new CardRead([]),
        new CardRead([new CardEntry("u-1", -1, [0, double.NaN, double.NegativeInfinity, -0.0, 1e300]), new CardEntry("u-2", long.MaxValue, [])]),
        ReadStatistics.Instance,
        new StatisticsRead(null),
        new StatisticsRead([]),
        new StatisticsRead([new EntityStatistics("card", 1, 2, 3, 4, long.MaxValue)]),
        ReadShard.Instance,
        new ShardRead { Node = "n", State = "live" },
        new ShardRead { Node = "n", Address = "http://n:8080/", State = "down", Fence = 3, CommittedOffset = 0, EndOffset = long.MaxValue, WatermarkMicros = -5, CheckpointOffset = 1, CheckpointAgeMicros = 2, Entities = 7, EntityBytes = 8, Events = 9 },
        new CallScored(Call, null),
        new CallScored(UInt128.MaxValue, []),
        new CallScored(0, [1, 2, 3]),
        new CallRejected(Call, new Rejection(RejectReason.NotJson, "no JSON")),
        new CallRejected(Call, new Rejection([new FieldError("amount", RejectReason.WrongType, "is a text"), new FieldError("cardId", RejectReason.MissingField, "is missing")])),
    ];

    public static TheoryData<IRemoteMessage> Messages() => [.. Samples];

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_written_is_read_as_it_was(IRemoteMessage message)
    {
        var read = serializer.FromBinary(serializer.ToBinary(message), serializer.Manifest(message));
        Assert.Equal(message.GetType(), read.GetType());
        Assert.Equal(serializer.ToBinary(message), serializer.ToBinary(read));
        Assert.Equivalent(message, read);
    }

    [Fact]
    public void The_bits_of_features_are_kept()
    {
        double[] features = [double.NaN, -0.0, BitConverter.Int64BitsToDouble(0x7ff0_0000_0000_0001)];
        var read = Copy(new CardRead([new CardEntry("u", 1, features)]));
        Assert.Equal(features.Select(BitConverter.DoubleToInt64Bits), read.Entries![0].Features.Select(BitConverter.DoubleToInt64Bits));
    }

    [Fact]
    public void Every_message_between_nodes_has_this_serialiser_a_manifest_of_its_own_and_a_round_trip()
    {
        var types = typeof(IRemoteMessage).Assembly.GetTypes().Where(t => t is { IsClass: true } && typeof(IRemoteMessage).IsAssignableFrom(t)).OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        Assert.Equal(["CallRejected", "CallScored", "CardRead", "PartitionEnvelope", "ReadCard", "ReadShard", "ReadStatistics", "ShardRead", "StatisticsRead"], types.Select(t => t.Name));
        Assert.Equal(types.Select(t => t.Name).Order(), Samples.Select(s => s.GetType().Name).Distinct().Order());
        Assert.Equal(types.Length, Samples.Select(s => serializer.Manifest(s)).Distinct().Count());
        Assert.All(types, t => Assert.False(typeof(INoSerializationVerificationNeeded).IsAssignableFrom(t)));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Bytes_that_end_early_are_an_error_of_the_message_or_a_shorter_message(IRemoteMessage message)
    {
        var (bytes, manifest) = (serializer.ToBinary(message), serializer.Manifest(message));
        for (var length = 0; length < bytes.Length; length++)
            ReadAnything(bytes[..length], manifest);
    }

    [Fact]
    public void Bytes_of_chance_are_an_error_of_the_message_or_a_message()
    {
        var random = new Random(20260301);
        foreach (var manifest in Samples.Select(serializer.Manifest).Distinct())
        {
            for (var i = 0; i < 2_000; i++)
            {
                var bytes = new byte[random.Next(0, 60)];
                random.NextBytes(bytes);
                ReadAnything(bytes, manifest);
            }
        }
    }

    [Fact]
    public void A_length_beyond_the_bytes_allocates_nothing()
    {
        // Field 2, of two gigabytes less one byte.
        byte[] bytes = [0x12, 0xff, 0xff, 0xff, 0xff, 0x07];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<SerializationException>(() => serializer.FromBinary(bytes, "rc"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void More_elements_than_any_honest_message_has_are_refused()
    {
        Assert.Throws<SerializationException>(() => Copy(new ReadCard("c", Enumerable.Repeat("u", RemoteMessageSerializer.MostUsers + 1).ToArray())));
        Assert.Throws<SerializationException>(() => Copy(new CardRead([new CardEntry("u", 0, new double[RemoteMessageSerializer.MostFeatures + 1])])));
        Assert.Throws<SerializationException>(() => Copy(new StatisticsRead([.. Enumerable.Repeat(new EntityStatistics("k", 0, 0, 0, 0, 0), RemoteMessageSerializer.MostKinds + 1)])));
        var errors = Enumerable.Repeat(new FieldError("f", RejectReason.WrongType, "m"), RemoteMessageSerializer.MostFieldErrors + 1);
        Assert.Throws<SerializationException>(() => Copy(new CallRejected(Call, new Rejection([.. errors]))));
        Assert.Equal(RemoteMessageSerializer.MostUsers, Copy(new ReadCard("c", Enumerable.Repeat("u", RemoteMessageSerializer.MostUsers).ToArray())).UserIds.Count);
    }

    [Fact]
    public void A_field_that_a_newer_node_adds_is_passed_over()
    {
        byte[] newer = [.. serializer.ToBinary(new ReadCard("c", ["u"])), .. Field(99, "what a newer node adds")];
        Assert.Equivalent(new ReadCard("c", ["u"]), serializer.FromBinary(newer, "rc"));
    }

    [Fact]
    public void A_field_of_another_wire_type_is_not_taken_for_what_it_is_not()
    {
        // A call's number, as a varint.
        Assert.Throws<SerializationException>(() => serializer.FromBinary([0x08, 0x01], "cs"));
        // A partition, as a text.
        Assert.Throws<SerializationException>(() => serializer.FromBinary([.. Field(1, "7"), .. Field(2, "rs"), .. Field(3, "")], "pe"));
    }

    [Fact]
    public void A_message_of_an_unknown_kind_is_refused()
    {
        Assert.Throws<SerializationException>(() => serializer.FromBinary([], "zz"));
        Assert.Throws<SerializationException>(() => serializer.FromBinary([], ""));
        Assert.Throws<ArgumentException>(() => serializer.ToBinary("a text"));
        Assert.Throws<ArgumentException>(() => serializer.Manifest(new object()));
    }

    [Fact]
    public void An_envelope_encloses_no_envelope()
    {
        var inner = new PartitionEnvelope(1, ReadStatistics.Instance);
        Assert.Throws<ArgumentException>(() => serializer.ToBinary(new PartitionEnvelope(1, inner)));
        // A thousand of them, by hand: the reader's stack would be the bound.
        var bytes = serializer.ToBinary(inner);
        Assert.Throws<SerializationException>(() => serializer.FromBinary([0x08, 0x01, .. Field(2, "pe"), 0x1a, (byte)bytes.Length, .. bytes], "pe"));
    }

    [Fact]
    public void A_reason_that_this_version_does_not_know_is_refused()
    {
        byte[] call = [0x0a, 16, .. new byte[16]];
        Assert.Throws<SerializationException>(() => serializer.FromBinary([.. call, .. Field(2, "a_newer_reason"), .. Field(3, "d")], "cj"));
        Assert.Equal(RejectReason.NotJson, ((CallRejected)serializer.FromBinary([.. call, .. Field(2, "not_json"), .. Field(3, "d")], "cj")).Rejection.Reason);
    }

    [Fact]
    public void A_message_that_claims_to_be_JSON_is_refused_whatever_it_names()
    {
        var refusing = new RefusingSerializer((ExtendedActorSystem)Sys, Sys.Settings.Config);
        Assert.Equal(1, refusing.Identifier);
        Assert.Throws<SerializationException>(() => refusing.FromBinary("{\"$type\":\"System.IO.FileInfo\"}"u8.ToArray(), typeof(object)));
        Assert.Throws<SerializationException>(() => refusing.ToBinary("a text"));
    }

    private static byte[] Field(int number, string text)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteString(text);
        }

        return bytes.ToArray();
    }

    private T Copy<T>(T message)
        where T : IRemoteMessage => (T)serializer.FromBinary(serializer.ToBinary(message), serializer.Manifest(message));

    private void ReadAnything(byte[] bytes, string manifest)
    {
        try
        {
            Assert.IsAssignableFrom<IRemoteMessage>(serializer.FromBinary(bytes, manifest));
        }
        catch (SerializationException)
        {
            // The one error that the remoting takes for the message's.
        }
    }
}
