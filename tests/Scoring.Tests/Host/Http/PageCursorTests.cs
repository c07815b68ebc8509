using Scoring.Actors.Ledger;
using Scoring.Host.Http;

namespace Scoring.Tests.Host.Http;

public class PageCursorTests
{
    private static readonly CardPosition Place = new(1_772_366_400_123_456, "t/1+2 \u00e9\U0001F600", "u?&=#");

    [Fact]
    public void A_cursor_is_read_as_it_was_written_and_needs_no_encoding_in_a_query()
    {
        var text = PageCursor.Of("c-1", Place);
        Assert.Matches("^[A-Za-z0-9_-]+$", text);
        Assert.True(PageCursor.TryRead(text, "c-1", out var place));
        Assert.Equal(Place, place);

        var search = new ScoreSearch("t", UserId: "u");
        Assert.True(PageCursor.TryRead(PageCursor.Of(search, new IdPosition("c", "u")), search, out var position));
        Assert.Equal(new IdPosition("c", "u"), position);
    }

    [Theory]
    [InlineData("")]
    [InlineData("AA")]
    [InlineData("not a cursor")]
    [InlineData("2026-03-01T12:00:00Z")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void What_is_no_cursor_is_told(string text)
    {
        Assert.False(PageCursor.TryRead(text, "c-1", out _));
        Assert.False(PageCursor.TryRead(text, new ScoreSearch("t"), out _));
    }

    [Fact]
    public void A_cursor_of_another_question_is_told()
    {
        var text = PageCursor.Of("c-1", Place);
        Assert.False(PageCursor.TryRead(text, "c-2", out CardPosition _));
        Assert.False(PageCursor.TryRead(text, new ScoreSearch("c-1"), out _));
        var ofSearch = PageCursor.Of(new ScoreSearch("t", "c"), new IdPosition("c", "u"));
        Assert.False(PageCursor.TryRead(ofSearch, new ScoreSearch("t"), out _));
        Assert.False(PageCursor.TryRead(ofSearch, new ScoreSearch("t", UserId: "c"), out _));
    }

    [Fact]
    public void A_cursor_that_was_cut_or_changed_is_told()
    {
        var text = PageCursor.Of("c-1", Place);
        for (var at = 0; at < text.Length; at++)
        {
            Assert.False(PageCursor.TryRead(text[..at], "c-1", out _));
            var changed = text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..];
            Assert.False(PageCursor.TryRead(changed, "c-1", out var place) && place != Place, changed);
        }
    }
}
