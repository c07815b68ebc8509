using Scoring.Models.Yaml;

namespace Scoring.Tests.Yaml;

public sealed class ClosestNameTests
{
    private static readonly string[] Names = ["timeFormat", "timeZone", "labelDelay", "columns", "id"];

    [Theory]
    [InlineData("timeformat", "timeFormat")]
    [InlineData("time_zone", "timeZone")]
    [InlineData("timezome", "timeZone")]
    [InlineData("label-delays", "labelDelay")]
    [InlineData("column", "columns")]
    [InlineData("Id", "id")]
    public void A_name_that_is_nearly_right_finds_the_right_one(string wrong, string right) => Assert.Equal(right, ClosestName.Of(wrong, Names));

    [Theory]
    [InlineData("colour")]
    [InlineData("x")]
    [InlineData("xy")]
    [InlineData("")]
    [InlineData("%%%")]
    public void A_name_that_is_another_one_finds_none(string wrong)
    {
        Assert.Null(ClosestName.Of(wrong, Names));
        Assert.Equal("", ClosestName.Hint(wrong, Names));
    }

    [Fact]
    public void A_hint_ends_a_message() => Assert.Equal("; did you mean 'labelDelay'?", ClosestName.Hint("labeldelay", Names));
}
