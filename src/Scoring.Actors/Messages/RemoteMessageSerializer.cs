using System.Buffers.Binary;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Google.Protobuf;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Messages;

/// <summary>
/// Writes what goes between nodes as Protobuf. A field that a newer node adds is passed over, so that nodes of two versions can
/// talk during a roll-out; whatever else is not as it was written is an error of the one message.
/// </summary>
/// <param name="system">The actor system.</param>
public sealed class RemoteMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Its number among the serialisers of all nodes; it never changes.</summary>
    public const int Number = 4_100;

    // More than any honest message has, and little enough to be held.
    internal const int MostUsers = 10_000;
    internal const int MostFeatures = 10_000;
    internal const int MostKinds = 100;
    internal const int MostFieldErrors = 1_000;

    private const int CallBytes = 16;

    // A shard's figures stand behind its texts.
    private const int FirstFigure = 4;
    private const int Figures = 9;

    // The tags of fields that hold a number, and of those that hold text, bytes or a message.
    private const uint Number1 = 1 << 3;
    private const uint Number2 = 2 << 3;
    private const uint Number3 = 3 << 3;
    private const uint Number4 = 4 << 3;
    private const uint Number5 = 5 << 3;
    private const uint Number6 = 6 << 3;
    private const uint Text1 = Number1 | 2;
    private const uint Text2 = Number2 | 2;
    private const uint Text3 = Number3 | 2;
    private const uint Text4 = Number4 | 2;

    private const string EnvelopeManifest = "pe";
    private const string ReadCardManifest = "rc";
    private const string CardReadManifest = "cr";
    private const string ReadStatisticsManifest = "rs";
    private const string StatisticsReadManifest = "sr";
    private const string ReadShardManifest = "rh";
    private const string ShardReadManifest = "sh";
    private const string CallScoredManifest = "cs";
    private const string CallRejectedManifest = "cj";

    /// <inheritdoc/>
    public override int Identifier => Number;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">It is no message between nodes.</exception>
    public override string Manifest(object o) => o switch
    {
        PartitionEnvelope => EnvelopeManifest,
        ReadCard => ReadCardManifest,
        CardRead => CardReadManifest,
        ReadStatistics => ReadStatisticsManifest,
        StatisticsRead => StatisticsReadManifest,
        ReadShard => ReadShardManifest,
        ShardRead => ShardReadManifest,
        CallScored => CallScoredManifest,
        CallRejected => CallRejectedManifest,
        _ => throw Unknown(o),
    };

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">It is no message between nodes.</exception>
    public override byte[] ToBinary(object obj) => obj switch
    {
        PartitionEnvelope envelope => Written(o =>
        {
            WriteNumber(o, 1, envelope.Partition);
            WriteText(o, 2, Manifest(Enclosed(envelope.Message)));
            WriteBytes(o, 3, ToBinary(envelope.Message));
        }),
        ReadCard read => Written(o =>
        {
            WriteText(o, 1, read.CardId);
            foreach (var user in read.UserIds)
                WriteText(o, 2, user);
        }),
        CardRead { Entries: null } or StatisticsRead { Kinds: null } or ReadStatistics or ReadShard => [],
        ShardRead shard => Written(o => Write(o, shard)),
        CardRead { Entries: { } entries } => Written(o =>
        {
            WriteNumber(o, 1, 1);
            foreach (var entry in entries)
                WriteBytes(o, 2, Written(e => Write(e, entry)));
        }),
        StatisticsRead { Kinds: { } kinds } => Written(o =>
        {
            WriteNumber(o, 1, 1);
            foreach (var kind in kinds)
                WriteBytes(o, 2, Written(k => Write(k, kind)));
        }),
        CallScored scored => Written(o =>
        {
            WriteBytes(o, 1, Bytes(scored.Call));
            if (scored.Score is { } score)
                WriteBytes(o, 2, score);
        }),
        CallRejected rejected => Written(o => Write(o, rejected)),
        _ => throw Unknown(obj),
    };

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The bytes are not what the manifest says.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        try
        {
            return manifest switch
            {
                EnvelopeManifest => ReadEnvelope(bytes),
                ReadCardManifest => ReadReadCard(bytes),
                CardReadManifest => ReadCardRead(bytes),
                ReadStatisticsManifest => ReadStatistics.Instance,
                StatisticsReadManifest => ReadStatisticsRead(bytes),
                ReadShardManifest => ReadShard.Instance,
                ShardReadManifest => ReadShardRead(bytes),
                CallScoredManifest => ReadCallScored(bytes),
                CallRejectedManifest => ReadCallRejected(bytes),
                _ => throw new SerializationException("A message of a kind that this version does not know"),
            };
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new SerializationException($"A message '{manifest}' is damaged", e);
        }
    }

    private static void Write(CodedOutputStream output, CardEntry entry)
    {
        WriteText(output, 1, entry.UserId);
        WriteNumber(output, 2, entry.AsOfMicros);
        var features = new byte[entry.Features.Length * sizeof(double)];
        for (var i = 0; i < entry.Features.Length; i++)
            BinaryPrimitives.WriteDoubleLittleEndian(features.AsSpan(i * sizeof(double)), entry.Features[i]);
        // As Protobuf packs repeated doubles.
        WriteBytes(output, 3, features);
    }

    private static void Write(CodedOutputStream output, EntityStatistics kind)
    {
        WriteText(output, 1, kind.Name);
        WriteNumber(output, 2, kind.Entities);
        WriteNumber(output, 3, kind.Events);
        WriteNumber(output, 4, kind.Bytes);
        WriteNumber(output, 5, kind.Expired);
        WriteNumber(output, 6, kind.DroppedEvents);
    }

    private static void Write(CodedOutputStream output, ShardRead shard)
    {
        WriteText(output, 1, shard.Node);
        WriteText(output, 2, shard.Address);
        WriteText(output, 3, shard.State);
        long?[] figures = [shard.Fence, shard.CommittedOffset, shard.EndOffset, shard.WatermarkMicros, shard.CheckpointOffset, shard.CheckpointAgeMicros, shard.Entities, shard.EntityBytes, shard.Events];
        for (var i = 0; i < figures.Length; i++)
        {
            if (figures[i] is { } figure)
                WriteNumber(output, FirstFigure + i, figure);
        }
    }

    private static void Write(CodedOutputStream output, CallRejected rejected)
    {
        WriteBytes(output, 1, Bytes(rejected.Call));
        WriteText(output, 2, rejected.Rejection.Reason.Code());
        WriteText(output, 3, rejected.Rejection.Detail);
        foreach (var field in rejected.Rejection.Fields)
        {
            WriteBytes(output, 4, Written(f =>
            {
                WriteText(f, 1, field.Field);
                WriteText(f, 2, field.Reason.Code());
                WriteText(f, 3, field.Message);
            }));
        }
    }

    private PartitionEnvelope ReadEnvelope(byte[] bytes)
    {
        var (partition, manifest, message) = (-1L, "", Array.Empty<byte>());
        Read(bytes, (input, tag) => tag switch
        {
            Number1 => Take(input.ReadInt64(), out partition),
            Text2 => Take(input.ReadString(), out manifest),
            Text3 => Take(input.ReadBytes().ToByteArray(), out message),
            _ => false,
        });
        if (partition is < 0 or > int.MaxValue || manifest is "" or EnvelopeManifest)
            throw Damaged();
        return new PartitionEnvelope((int)partition, (IRemoteMessage)FromBinary(message, manifest));
    }

    private static ReadCard ReadReadCard(byte[] bytes)
    {
        string? card = null;
        var users = new List<string>();
        Read(bytes, (input, tag) => tag switch
        {
            Text1 => Take(input.ReadString(), out card),
            Text2 => Add(users, input.ReadString(), MostUsers),
            _ => false,
        });
        return new ReadCard(card ?? throw Damaged(), users);
    }

    private static CardRead ReadCardRead(byte[] bytes)
    {
        var looked = 0L;
        var entries = new List<CardEntry>();
        Read(bytes, (input, tag) => tag switch
        {
            Number1 => Take(input.ReadInt64(), out looked),
            Text2 => Add(entries, ReadEntry(input.ReadBytes().ToByteArray()), MostUsers),
            _ => false,
        });
        return new CardRead(looked != 0 ? entries : entries.Count == 0 ? null : throw Damaged());
    }

    private static CardEntry ReadEntry(byte[] bytes)
    {
        string? user = null;
        var asOf = 0L;
        double[] features = [];
        Read(bytes, (input, tag) => tag switch
        {
            Text1 => Take(input.ReadString(), out user),
            Number2 => Take(input.ReadInt64(), out asOf),
            Text3 => Take(Doubles(input.ReadBytes().Span), out features),
            _ => false,
        });
        return new CardEntry(user ?? throw Damaged(), asOf, features);
    }

    private static StatisticsRead ReadStatisticsRead(byte[] bytes)
    {
        var looked = 0L;
        var kinds = new List<EntityStatistics>();
        Read(bytes, (input, tag) => tag switch
        {
            Number1 => Take(input.ReadInt64(), out looked),
            Text2 => Add(kinds, ReadKind(input.ReadBytes().ToByteArray()), MostKinds),
            _ => false,
        });
        return new StatisticsRead(looked != 0 ? kinds : kinds.Count == 0 ? null : throw Damaged());
    }

    private static EntityStatistics ReadKind(byte[] bytes)
    {
        string? name = null;
        long entities = 0, events = 0, size = 0, expired = 0, dropped = 0;
        Read(bytes, (input, tag) => tag switch
        {
            Text1 => Take(input.ReadString(), out name),
            Number2 => Take(input.ReadInt64(), out entities),
            Number3 => Take(input.ReadInt64(), out events),
            Number4 => Take(input.ReadInt64(), out size),
            Number5 => Take(input.ReadInt64(), out expired),
            Number6 => Take(input.ReadInt64(), out dropped),
            _ => false,
        });
        return new EntityStatistics(name ?? throw Damaged(), entities, events, size, expired, dropped);
    }

    private static ShardRead ReadShardRead(byte[] bytes)
    {
        string? node = null, state = null;
        var address = "";
        var figures = new long?[Figures];
        Read(bytes, (input, tag) => tag switch
        {
            Text1 => Take(input.ReadString(), out node),
            Text2 => Take(input.ReadString(), out address),
            Text3 => Take(input.ReadString(), out state),
            _ when tag % Number1 == 0 && tag / Number1 is >= FirstFigure and < FirstFigure + Figures => TakeFigure(figures, (int)(tag / Number1) - FirstFigure, input.ReadInt64()),
            _ => false,
        });
        return new ShardRead
        {
            Node = node ?? throw Damaged(),
            Address = address,
            State = state ?? throw Damaged(),
            Fence = figures[0],
            CommittedOffset = figures[1],
            EndOffset = figures[2],
            WatermarkMicros = figures[3],
            CheckpointOffset = figures[4],
            CheckpointAgeMicros = figures[5],
            Entities = figures[6] ?? 0,
            EntityBytes = figures[7] ?? 0,
            Events = figures[8] ?? 0,
        };
    }

    private static bool TakeFigure(long?[] figures, int index, long value)
    {
        figures[index] = value;
        return true;
    }

    private static CallScored ReadCallScored(byte[] bytes)
    {
        byte[]? call = null, score = null;
        Read(bytes, (input, tag) => tag switch
        {
            Text1 => Take(input.ReadBytes().ToByteArray(), out call),
            Text2 => Take(input.ReadBytes().ToByteArray(), out score),
            _ => false,
        });
        return new CallScored(Call(call), score);
    }

    private static CallRejected ReadCallRejected(byte[] bytes)
    {
        byte[]? call = null;
        var (reason, detail) = ("", "");
        var fields = new List<FieldError>();
        Read(bytes, (input, tag) => tag switch
        {
            Text1 => Take(input.ReadBytes().ToByteArray(), out call),
            Text2 => Take(input.ReadString(), out reason),
            Text3 => Take(input.ReadString(), out detail),
            Text4 => Add(fields, ReadField(input.ReadBytes().ToByteArray()), MostFieldErrors),
            _ => false,
        });
        return new CallRejected(Call(call), fields.Count > 0 ? new Rejection(fields) : new Rejection(Reason(reason), detail));
    }

    private static FieldError ReadField(byte[] bytes)
    {
        var (name, reason, message) = ("", "", "");
        Read(bytes, (input, tag) => tag switch
        {
            Text1 => Take(input.ReadString(), out name),
            Text2 => Take(input.ReadString(), out reason),
            Text3 => Take(input.ReadString(), out message),
            _ => false,
        });
        return new FieldError(name, Reason(reason), message);
    }

    private static byte[] Written(Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
            write(output);
        return bytes.ToArray();
    }

    private static void WriteNumber(CodedOutputStream output, int field, long value)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt64(value);
    }

    private static void WriteText(CodedOutputStream output, int field, string value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(value);
    }

    private static void WriteBytes(CodedOutputStream output, int field, byte[] value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(value));
    }

    // A field of another wire type than it is written with is passed over as an unknown one is.
    private static void Read(byte[] bytes, Func<CodedInputStream, uint, bool> take)
    {
        using var input = new CodedInputStream(bytes);
        while (input.ReadTag() is var tag && tag != 0)
        {
            if (!take(input, tag))
                input.SkipLastField();
        }
    }

    private static bool Take<T>(T value, out T taken)
    {
        taken = value;
        return true;
    }

    private static bool Add<T>(List<T> list, T value, int most)
    {
        if (list.Count == most)
            throw Damaged();
        list.Add(value);
        return true;
    }

    private static double[] Doubles(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % sizeof(double) != 0 || bytes.Length / sizeof(double) > MostFeatures)
            throw Damaged();
        var values = new double[bytes.Length / sizeof(double)];
        for (var i = 0; i < values.Length; i++)
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(i * sizeof(double))..]);
        return values;
    }

    private static byte[] Bytes(UInt128 call)
    {
        var bytes = new byte[CallBytes];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, call);
        return bytes;
    }

    private static UInt128 Call(byte[]? bytes) => bytes is { Length: CallBytes } ? BinaryPrimitives.ReadUInt128BigEndian(bytes) : throw Damaged();

    private static RejectReason Reason(string code) => RejectReasons.TryParse(code, out var reason) ? reason : throw Damaged();

    private static IRemoteMessage Enclosed(IRemoteMessage message) => message is PartitionEnvelope ? throw new ArgumentException("an envelope can't enclose another one", nameof(message)) : message;

    private static ArgumentException Unknown(object message) => new($"{message.GetType()} is no message between nodes");

    private static SerializationException Damaged() => new("A message is damaged");
}
