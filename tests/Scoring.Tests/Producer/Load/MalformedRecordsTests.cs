using Scoring.Models.Wire;
using Scoring.Producer.Load;

namespace Scoring.Tests.Producer.Load;

public sealed class MalformedRecordsTests
{
    private const long Now = 1_772_366_400_000_000;

    [Fact]
    public void Every_kind_is_refused_for_the_reason_that_it_is_meant_to_show()
    {
        var records = new MalformedRecords(3, 70_000);
        var decoder = new TransactionDecoder(new DecodeLimits());
        var seen = new HashSet<MalformedKind>();
        for (var i = 0; i < 5_000; i++)
        {
            var (kind, key, value) = records.Next(Now);
            seen.Add(kind);

            var rejection = decoder.Decode(value, key, RecordTime.OfMillis(Now / 1_000), out _);

            Assert.NotNull(rejection);
            Assert.Equal(ReasonOf(kind), rejection.Reason);
        }

        Assert.Equal(Enum.GetValues<MalformedKind>().Length, seen.Count);
    }

    [Fact]
    public void The_same_seed_makes_the_same_records()
    {
        var first = new MalformedRecords(3, 2_000);
        var second = new MalformedRecords(3, 2_000);
        for (var i = 0; i < 200; i++)
        {
            var (kind, key, value) = first.Next(Now);
            var again = second.Next(Now);

            Assert.Equal((kind, key is null, value is null), (again.Kind, again.Key is null, again.Value is null));
            Assert.Equal(key ?? [], again.Key ?? []);
            Assert.Equal(value ?? [], again.Value ?? []);
        }
    }

    private static RejectReason ReasonOf(MalformedKind kind) => kind switch
    {
        MalformedKind.RandomBytes or MalformedKind.TruncatedJson or MalformedKind.DeepNesting => RejectReason.NotJson,
        MalformedKind.MissingField => RejectReason.MissingField,
        MalformedKind.WrongType => RejectReason.WrongType,
        MalformedKind.HugeAmount => RejectReason.AbsurdAmount,
        MalformedKind.UnreadableTime => RejectReason.UnreadableTime,
        MalformedKind.TimeInFuture => RejectReason.TimeInFuture,
        MalformedKind.NullValue => RejectReason.NullValue,
        MalformedKind.NullKey => RejectReason.NullKey,
        MalformedKind.WrongKey => RejectReason.KeyMismatch,
        MalformedKind.CardNumber => RejectReason.CardNumber,
        MalformedKind.Oversized => RejectReason.TooLarge,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
