using System.Text;
using Scoring.Actors.Messages;

namespace Scoring.Tests.Messages;

/// <summary>The header that names a waiting call.</summary>
public sealed class ReplyToTests
{
    [Theory]
    [InlineData(0, 0UL, 0UL, "00000000-00000000000000000000000000000000")]
    [InlineData(-1, 0x0123456789abcdefUL, 1UL, "ffffffff-0123456789abcdef0000000000000001")]
    [InlineData(int.MaxValue, ulong.MaxValue, ulong.MaxValue, "7fffffff-ffffffffffffffffffffffffffffffff")]
    public void A_header_names_a_member_and_a_call(int uid, ulong upper, ulong lower, string text)
    {
        var replyTo = new ReplyTo(uid, new UInt128(upper, lower));
        Assert.Equal(text, Encoding.ASCII.GetString(replyTo.ToHeader()));
        Assert.Equal(ReplyTo.Length, text.Length);
        Assert.True(ReplyTo.TryParse(replyTo.ToHeader(), out var read));
        Assert.Equal(replyTo, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("node-1:17")]
    [InlineData("akka.tcp://scoring@198.51.100.7:4053/user/replies")]
    [InlineData("FFFFFFFF-0123456789abcdef0000000000000001")]
    [InlineData("ffffffff_0123456789abcdef0000000000000001")]
    [InlineData("ffffffff-0123456789abcdef000000000000001")]
    [InlineData("ffffffff-0123456789abcdef00000000000000011")]
    [InlineData("ffffffff-0123456789abcdef000000000000000g")]
    [InlineData(" fffffff-0123456789abcdef0000000000000001")]
    [InlineData("+fffffff-0123456789abcdef0000000000000001")]
    public void Anything_else_names_nobody(string text) => Assert.False(ReplyTo.TryParse(Encoding.UTF8.GetBytes(text), out _));
}
