using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Tests.Wire;

public class CardNumbersTests
{
    [Theory]
    [InlineData("4222222222222", true)]
    [InlineData("4111111111111111", true)]
    [InlineData("4111 1111 1111 1111", true)]
    [InlineData("4111\u20111111\u00A01111-1111", true)]
    [InlineData("6304000000000000000", true)]
    [InlineData("422222222222", false)]
    [InlineData("4222222222223", false)]
    [InlineData("63040000000000000000", false)]
    [InlineData("c-4111111111111111", false)]
    public void A_card_number_has_13_to_19_digits_and_the_right_check_digit(string text, bool isOne) =>
        Assert.Equal(isOne, CardNumbers.IsCardNumber(Encoding.UTF8.GetBytes(text)));
}
