using Scoring.Models.Wire;

namespace Scoring.Tests.Wire;

public sealed class MessageLineTests
{
    [Theory]
    [InlineData("plain  text", "plain  text")]
    [InlineData("two\nlines\r\n  and a\ttab", "two lines and a tab")]
    [InlineData("\u001b[31mred\u0000", "[31mred")]
    [InlineData("", "")]
    public void A_text_becomes_a_line_that_a_terminal_does_not_obey(string text, string line) => Assert.Equal(line, MessageLine.Of(text));

    [Fact]
    public void A_long_text_is_cut()
    {
        var line = MessageLine.Of(new string('x', 100_000));

        Assert.Equal(MessageLine.MaxLength, line.Length);
        Assert.EndsWith("x…", line, StringComparison.Ordinal);
    }
}
