using System.Globalization;
using System.Numerics;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Tests.Wire;

public class MoneyTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("12.34", 123_400)]
    [InlineData("12.34567", 123_457)]
    [InlineData("0.00005", 0)]
    [InlineData("0.00015", 2)]
    [InlineData("0.00025", 2)]
    [InlineData("0.000250000000000000000000000000000000001", 3)]
    [InlineData("0.00024999999999999999999999999999999999999", 2)]
    [InlineData("-0.00015", -2)]
    [InlineData("1e2", 1_000_000)]
    [InlineData("1.5E+1", 150_000)]
    [InlineData("15e-5", 2)]
    [InlineData("5e-10", 0)]
    [InlineData("1e-999999999", 0)]
    [InlineData("0e999999999", 0)]
    [InlineData("100000000000", 1_000_000_000_000_000)]
    public void An_amount_is_rounded_half_to_even_at_four_places(string text, long units)
    {
        Assert.True(Money.TryParse(Encoding.ASCII.GetBytes(text), out var actual));
        Assert.Equal(units, actual);
    }

    [Theory]
    [InlineData("100000000000.0001")]
    [InlineData("1e400")]
    [InlineData("-1e12")]
    [InlineData("1e999999999")]
    [InlineData("99999999999999999999999999999999")]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1e")]
    [InlineData("1x")]
    [InlineData("1.2.3")]
    public void What_is_no_amount_is_refused(string text) => Assert.False(Money.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void Rounding_agrees_with_exact_fractions_on_random_texts()
    {
        var random = new Random(20260301);
        for (var i = 0; i < 50_000; i++)
        {
            var whole = random.NextInt64(0, 1_000_000);
            var digits = random.Next(0, 12);
            var fraction = string.Concat(Enumerable.Range(0, digits).Select(_ => random.Next(3) == 0 ? '5' : (char)('0' + random.Next(10))));
            var exponent = random.Next(-6, 5);
            var text = $"{whole}{(digits > 0 ? "." + fraction : "")}e{exponent.ToString(CultureInfo.InvariantCulture)}";

            var numerator = BigInteger.Parse($"{whole}{fraction}", CultureInfo.InvariantCulture) * BigInteger.Pow(10, 4 + Math.Max(0, exponent));
            var denominator = BigInteger.Pow(10, digits + Math.Max(0, -exponent));
            var quotient = BigInteger.DivRem(numerator, denominator, out var remainder);
            var half = (2 * remainder).CompareTo(denominator);
            if (half > 0 || (half == 0 && !quotient.IsEven))
                quotient++;

            Assert.Equal(quotient <= Money.MaxUnits, Money.TryParse(Encoding.ASCII.GetBytes(text), out var units));
            if (quotient <= Money.MaxUnits)
                Assert.True(quotient == units, $"{text}: {units}, not {quotient}");
        }
    }
}
