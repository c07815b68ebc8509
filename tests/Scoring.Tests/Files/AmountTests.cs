namespace Scoring.Tests.Files;

public sealed class AmountTests
{
    private const string Refused = "amount: '";

    [Theory]
    [InlineData("12.34", "123400")]
    [InlineData("1e2", "1000000")]
    [InlineData(" 5 ", "50000")]
    [InlineData("-0.00005", "0")]
    [InlineData("(12.50)", "-125000")]
    [InlineData("( 12.50 )", "-125000")]
    [InlineData("12.50-", "-125000")]
    [InlineData("12.50 -", "-125000")]
    [InlineData("\u221212.50", "-125000")]
    [InlineData("+12.50", "125000")]
    [InlineData("100000000000", "1000000000000000")]
    public void Decimals_are_read_with_a_negative_in_any_form(string text, string units) => Assert.Equal(units, EventFiles.Amount(text));

    [Theory]
    [InlineData("$12.34", "123400")]
    [InlineData("$-25.00", "-250000")]
    [InlineData("-$25.00", "-250000")]
    [InlineData("$25.00-", "-250000")]
    [InlineData("($1,234.50)", "-12345000")]
    [InlineData("$(1,234.50)", "-12345000")]
    [InlineData("$ 1,234,567.8", "12345678000")]
    [InlineData("12,34,567.89", "12345678900")]
    [InlineData("USD 5", "50000")]
    [InlineData("5 USD", "50000")]
    [InlineData("$.5", "5000")]
    public void Currency_signs_and_thousands_that_the_map_names_are_read(string text, string units) =>
        Assert.Equal(units, EventFiles.Amount(text, """{ column: amount, sign: ["$", USD], thousands: "," }"""));

    [Theory]
    [InlineData("1.234,50 €", "12345000")]
    [InlineData("-1.234.567,5", "-12345675000")]
    [InlineData("0,05", "500")]
    public void A_comma_is_the_point_where_the_map_says_so(string text, string units) =>
        Assert.Equal(units, EventFiles.Amount(text, """{ column: amount, sign: "€", thousands: ".", decimal: "," }"""));

    [Theory]
    [InlineData("1 234,5", " ")]
    [InlineData("1\u00A0234,5", " ")]
    [InlineData("1\u202F234,5", " ")]
    [InlineData("1'234,5", "'")]
    [InlineData("1\u2019234,5", "'")]
    public void Spaces_and_apostrophes_of_any_kind_are_thousands(string text, string thousands) =>
        Assert.Equal("12345000", EventFiles.Amount(text, $$"""{ column: amount, thousands: "{{thousands}}", decimal: "," }"""));

    [Theory]
    [InlineData("€12.34")]
    [InlineData("12,34")]
    [InlineData("1,2345")]
    [InlineData("1234,567")]
    [InlineData(",123")]
    [InlineData("1,,234")]
    [InlineData("1,234,")]
    [InlineData("--5")]
    [InlineData("-5-")]
    [InlineData("(-5)")]
    [InlineData("(5")]
    [InlineData("$$5")]
    [InlineData("$")]
    [InlineData("-")]
    [InlineData("()")]
    [InlineData("1.2.3")]
    [InlineData("ten")]
    [InlineData("1e")]
    [InlineData("NaN")]
    [InlineData("1 234")]
    public void Nothing_is_guessed_of_an_amount_that_is_written_otherwise(string text)
    {
        var error = EventFiles.Amount(text, """{ column: amount, sign: "$", thousands: "," }""");

        Assert.StartsWith($"{Refused}{text}' is not a decimal number such as $1,234.34", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.5", ",", ".")]
    [InlineData("1.234.5", ",", ".")]
    public void A_point_is_no_point_where_the_map_has_a_comma(string text, string point, string thousands) =>
        Assert.StartsWith(Refused, EventFiles.Amount(text, $$"""{ column: amount, thousands: "{{thousands}}", decimal: "{{point}}" }"""), StringComparison.Ordinal);

    [Theory]
    [InlineData("EUR", "1234", "123400")]
    [InlineData("eur", "-1234", "-123400")]
    [InlineData("978", "1234", "123400")]
    [InlineData("JPY", "500", "5000000")]
    [InlineData("392", "500", "5000000")]
    [InlineData("KWD", "1500", "15000")]
    [InlineData("CLF", "12345", "12345")]
    [InlineData("8", "100", "10000")]
    [InlineData("EUR", "000000001234", "123400")]
    [InlineData("EUR", "1234.0", "123400")]
    [InlineData("EUR", "1e+05", "10000000")]
    [InlineData("EUR", "10000000000000", "1000000000000000")]
    public void Minor_units_are_those_of_the_rows_currency(string currency, string text, string units) =>
        Assert.Equal(units, EventFiles.Amount(text, "{ column: amount, type: minor }", currency));

    [Theory]
    [InlineData("XYZ", "amount: '100' is in minor units, and currency 'XYZ' has none that is known")]
    [InlineData("XAU", "amount: '100' is in minor units, and currency 'XAU' has none that is known")]
    [InlineData("", "amount: '100' is in minor units, and the currency is missing")]
    public void Minor_units_of_an_unknown_currency_are_refused(string currency, string error) =>
        Assert.StartsWith(error, EventFiles.Amount("100", "{ column: amount, type: minor }", currency), StringComparison.Ordinal);

    [Fact]
    public void A_map_can_say_what_the_minor_unit_of_a_currency_is()
    {
        Assert.Equal("50000", EventFiles.Amount("500", "{ column: amount, type: minor, exponents: { ISK: 2 } }", "ISK"));
        Assert.Equal("100", EventFiles.Amount("100", "{ column: amount, type: minor, exponents: { XYZ: 4 } }", "XYZ"));
    }

    [Theory]
    [InlineData("cents", "12.5", "is not a whole number of hundredths such as 1234")]
    [InlineData("minor", "12.5", "is not a whole number of minor units such as 1234")]
    [InlineData("minor", "1e-1", "is not a whole number of minor units such as 1234")]
    [InlineData("cents", "", "is missing")]
    [InlineData("decimal", "100000000000.01", "is beyond 100,000,000,000 of its currency's units, more than any payment")]
    [InlineData("cents", "10000000000001", "is beyond 100,000,000,000 of its currency's units, more than any payment")]
    [InlineData("decimal", "1e400", "is beyond 100,000,000,000 of its currency's units, more than any payment")]
    public void An_amount_that_is_none_is_told_with_what_is_wrong(string type, string text, string error) =>
        Assert.EndsWith(error, EventFiles.Amount(text, $"{{ column: amount, type: {type} }}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("REFUND", "-50000")]
    [InlineData("SALE", "50000")]
    public void Amounts_of_rows_that_a_condition_names_are_negative(string kind, string units)
    {
        const string map = "columns: { transactionId: id, cardId: card, amount: { column: amount, negative: { kind: [REFUND, REVERSAL] } }, eventTime: time }";
        var row = EventFiles.Read("x.csv", $"id,card,amount,kind,time\nt,c,5,{kind},2026-03-01T12:00:00Z\n", map).Rows.Single();

        Assert.Equal(units, row.Units.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_message_never_shows_a_card_number_that_a_wrong_map_takes_for_an_amount()
    {
        var error = EventFiles.Amount("4111 1111 1111 1111") + EventFiles.Amount("x4111111111111111") + EventFiles.Amount("4111111111111111");

        Assert.DoesNotContain("4111111", error.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
