using Scoring.Models.Features;

namespace Scoring.Actors.Checkpoints;

/// <summary>When the open sessions of one cardholder may end.</summary>
/// <param name="Key">The cardholder's key.</param>
/// <param name="Dues">The times, in microseconds since 1970-01-01T00:00:00Z.</param>
internal readonly record struct CardholderDues(byte[] Key, long[] Dues);

/// <summary>
/// One of the rows that name the cardholders with open sessions, in memory or not: the watermark closes sessions of those who
/// have no further record too.
/// </summary>
internal static class DueSlice
{
    /// <summary>Slices of a partition.</summary>
    internal const int Count = 64;

    private const byte Version = 1;

    internal static byte[] Write(IEnumerable<CardholderDues> cardholders) => StoredFrame.Write(Version, output =>
    {
        foreach (var (key, dues) in cardholders)
        {
            output.Write7BitEncodedInt(dues.Length);
            output.Bytes(key);
            foreach (var due in dues)
                output.Write(due);
        }

        output.Write7BitEncodedInt(0);
    });

    /// <exception cref="StateDamagedException">The bytes are not as they were written.</exception>
    /// <exception cref="StateNewerException">They are of a newer version.</exception>
    internal static List<CardholderDues> Read(byte[] bytes) => StoredFrame.Read("a slice of the open sessions", bytes, Version, static (_, input) =>
    {
        var cardholders = new List<CardholderDues>();
        while (input.Read7BitEncodedInt() is > 0 and var count)
        {
            var key = input.Bytes();
            // Not by the count, which a wrong one would make an array of.
            var dues = new List<long>();
            for (var i = 0; i < count; i++)
                dues.Add(input.ReadInt64());
            cardholders.Add(new CardholderDues(key, [.. dues]));
        }

        return cardholders;
    });
}
