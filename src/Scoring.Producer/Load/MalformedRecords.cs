using System.Globalization;
using System.Text;
using Scoring.Producer.Simulation;

namespace Scoring.Producer.Load;

/// <summary>A way in which a record is not a valid transaction.</summary>
public enum MalformedKind
{
    /// <summary>Random bytes.</summary>
    RandomBytes,

    /// <summary>JSON that stops in the middle.</summary>
    TruncatedJson,

    /// <summary>A required field is not there.</summary>
    MissingField,

    /// <summary>A field has another type than it must have.</summary>
    WrongType,

    /// <summary>The amount is larger than any payment.</summary>
    HugeAmount,

    /// <summary>The time is unreadable.</summary>
    UnreadableTime,

    /// <summary>The time lies in the far future.</summary>
    TimeInFuture,

    /// <summary>An unknown field nests very deep.</summary>
    DeepNesting,

    /// <summary>The value is null.</summary>
    NullValue,

    /// <summary>The key is null.</summary>
    NullKey,

    /// <summary>The key is not the record's user.</summary>
    WrongKey,

    /// <summary>The card id is a raw card number: a made-up one that passes the check digit.</summary>
    CardNumber,

    /// <summary>The value is larger than any transaction.</summary>
    Oversized,
}

/// <summary>Makes malformed records, every kind in turn. Owned by one thread.</summary>
/// <param name="seed">The seed of their contents.</param>
/// <param name="oversizedBytes">The size of the kind <see cref="MalformedKind.Oversized"/>, in bytes.</param>
public sealed class MalformedRecords(ulong seed, int oversizedBytes)
{
    private static readonly MalformedKind[] Kinds = Enum.GetValues<MalformedKind>();

    private readonly SeededRandom random = new(seed);
    private long made;

    /// <summary>The next malformed record.</summary>
    /// <param name="nowMicros">The time that its event tells where it tells one, in microseconds since 1970-01-01T00:00:00Z.</param>
    public (MalformedKind Kind, byte[]? Key, byte[]? Value) Next(long nowMicros)
    {
        var kind = Kinds[made++ % Kinds.Length];
        var user = $"u-bad-{random.Next(1_000)}";
        var key = Encoding.UTF8.GetBytes(kind == MalformedKind.WrongKey ? user + "-not" : user);
        return (kind, kind == MalformedKind.NullKey ? null : key, Value(kind, user, nowMicros));
    }

    private byte[]? Value(MalformedKind kind, string user, long nowMicros)
    {
        switch (kind)
        {
            case MalformedKind.NullValue:
                return null;
            case MalformedKind.RandomBytes:
                var bytes = new byte[random.Between(1, 300)];
                for (var i = 0; i < bytes.Length; i++)
                    bytes[i] = (byte)random.NextBits();
                // A first byte of 0xFF is in no UTF-8 text, so chance never makes this valid.
                bytes[0] = 0xFF;
                return bytes;
            case MalformedKind.TruncatedJson:
                var whole = Text(MalformedKind.NullKey, user, nowMicros);
                return Encoding.UTF8.GetBytes(whole[..random.Between(1, whole.Length - 1)]);
            default:
                return Encoding.UTF8.GetBytes(Text(kind, user, nowMicros));
        }
    }

    private string Text(MalformedKind kind, string user, long nowMicros)
    {
        var time = Time(kind == MalformedKind.TimeInFuture ? nowMicros + Habits.DayMicros : nowMicros);
        var card = kind switch
        {
            MalformedKind.MissingField => "",
            MalformedKind.WrongType => "\"cardId\":17,",
            MalformedKind.CardNumber => $"\"cardId\":\"{CardNumber()}\",",
            _ => $"\"cardId\":\"c-bad-{random.Next(1_000)}\",",
        };
        var amount = kind switch
        {
            MalformedKind.HugeAmount => "9e307",
            _ => "12.34",
        };
        var extra = kind switch
        {
            MalformedKind.DeepNesting => $",\"note\":{new string('[', 2_000)}{new string(']', 2_000)}",
            MalformedKind.Oversized => $",\"note\":\"{new string('x', oversizedBytes)}\"",
            _ => "",
        };
        var eventTime = kind == MalformedKind.UnreadableTime ? "the day before yesterday" : time;
        return $"{{\"transactionId\":\"x-{made}\",{card}\"userId\":\"{user}\",\"amount\":{amount},\"currency\":\"EUR\",\"eventTime\":\"{eventTime}\"{extra}}}";
    }

    private static string Time(long micros) =>
        DateTime.UnixEpoch.AddMicroseconds(micros).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    // 16 digits from 9, a range that ISO/IEC 7812 leaves to national use, so it is nobody's card.
    private string CardNumber()
    {
        var digits = new char[16];
        digits[0] = '9';
        for (var i = 1; i < 15; i++)
            digits[i] = (char)('0' + random.Next(10));
        var sum = 0;
        for (var i = 0; i < 15; i++)
        {
            var doubled = (digits[i] - '0') * (i % 2 == 0 ? 2 : 1);
            sum += doubled > 9 ? doubled - 9 : doubled;
        }

        digits[15] = (char)('0' + ((10 - (sum % 10)) % 10));
        return new string(digits);
    }
}
