using System.Buffers;
using System.Globalization;
using System.Text;

namespace Scoring.Actors.Messages;

/// <summary>
/// Who waits for a transaction's score, as a record's header tells: a call, and the uid of the cluster's member on which it waits.
/// It names no address or actor: whoever writes to the input log must not choose where a node connects to.
/// </summary>
/// <param name="NodeUid">The member's uid. It is another one after a restart, so a call of an earlier life is nobody's.</param>
/// <param name="Call">The call, of chance, so that none is guessed.</param>
public readonly record struct ReplyTo(int NodeUid, UInt128 Call)
{
    /// <summary>Whether nobody waits.</summary>
    public bool IsNobody => this == default;

    /// <summary>Bytes of the header.</summary>
    public const int Length = UidDigits + 1 + CallDigits;

    private const int UidDigits = 8;
    private const int CallDigits = 32;
    private const byte Separator = (byte)'-';

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789abcdef"u8);

    /// <summary>Reads a header: eight hexadecimal digits in lower case, a hyphen, and 32 more; nothing else.</summary>
    /// <param name="header">The header's value.</param>
    /// <param name="replyTo">Who waits.</param>
    /// <returns>False if the header is anything else.</returns>
    public static bool TryParse(ReadOnlySpan<byte> header, out ReplyTo replyTo)
    {
        replyTo = default;
        if (header.Length != Length || header[UidDigits] != Separator)
            return false;
        var uid = header[..UidDigits];
        var call = header[(UidDigits + 1)..];
        if (uid.ContainsAnyExcept(Digits) || call.ContainsAnyExcept(Digits))
            return false;
        replyTo = new ReplyTo(
            (int)uint.Parse(uid, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
            UInt128.Parse(call, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        return true;
    }

    /// <summary>The header's value.</summary>
    public byte[] ToHeader() => Encoding.ASCII.GetBytes(ToString());

    /// <summary>The header as text.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(uint)NodeUid:x8}-{Call:x32}");
}
