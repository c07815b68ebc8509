using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>What 1 stands for in a file's amounts.</summary>
internal enum AmountUnit
{
    /// <summary>A unit of the currency.</summary>
    One,

    /// <summary>A hundredth of it, whatever the currency.</summary>
    Cents,

    /// <summary>The currency's minor unit, which is a tenth to the power of its exponent (ISO 4217).</summary>
    Minor,
}

/// <summary>Reads amounts from text.</summary>
/// <param name="unit">What 1 stands for.</param>
/// <param name="text">How the numbers are written.</param>
/// <param name="exponents">The exponents of currencies that are not ISO 4217's.</param>
internal sealed class AmountFormat(AmountUnit unit, AmountText text, CurrencyExponents exponents)
{
    private const int CentsExponent = 2;

    /// <summary>Whether the currency has to be known.</summary>
    public bool NeedsCurrency => unit == AmountUnit.Minor;

    /// <summary>Reads an amount and says what is wrong with one that it refuses.</summary>
    /// <param name="amount">Its text, no spaces around it.</param>
    /// <param name="currency">Its currency's code, empty where it is not known.</param>
    /// <param name="units">The amount in ten-thousandths.</param>
    /// <returns>Null if it was read; else what is wrong, to stand behind the field's name.</returns>
    public string? Read(ReadOnlySpan<byte> amount, ReadOnlySpan<byte> currency, out long units)
    {
        if (unit == AmountUnit.One && text.IsPlain && Money.TryParse(amount, out units))
            return null;
        units = 0;
        Span<byte> number = stackalloc byte[AmountText.MaxBytes + 4];
        if (!text.TryNormalize(amount, number, out var length))
            return Wanted();
        if (unit == AmountUnit.One)
            return Money.TryParse(number[..length], out units) ? null : IsNumber(number[..length]) ? EventRules.AmountTooLarge : Wanted();
        var exponent = CentsExponent;
        if (unit == AmountUnit.Minor && !exponents.TryFind(currency, out exponent))
            return currency.IsEmpty ? "is in minor units, and the currency is missing" : $"is in minor units, and currency '{ShownText.Of(currency)}' has none that is known; name its exponent in exponents: {{ … }}";
        return ReadMinor(number, length, exponent, out units);
    }

    private string? ReadMinor(Span<byte> number, int length, int exponent, out long units)
    {
        units = 0;
        // With an exponent of its own (1e+05, as R writes 100000) the number of minor units is read first.
        if (number[..length].IndexOfAny((byte)'e', (byte)'E') >= 0)
        {
            if (!Money.TryParse(number[..length], out var whole) || whole % Money.UnitsPerOne != 0)
                return Wanted();
            for (units = whole; exponent > 0; exponent--)
                units /= 10;
            return null;
        }

        var point = number[..length].IndexOf((byte)'.');
        if (point >= 0 && number[(point + 1)..length].ContainsAnyExcept((byte)'0'))
            return Wanted();
        number[length++] = (byte)'e';
        number[length++] = (byte)'-';
        number[length++] = (byte)('0' + exponent);
        return Money.TryParse(number[..length], out units) ? null : IsNumber(number[..length]) ? EventRules.AmountTooLarge : Wanted();
    }

    // Money refuses what is no number and what is too large alike.
    private static bool IsNumber(ReadOnlySpan<byte> number) => ExactNumber.TryReadMultiple(number, 1, out _, out var isNumber) || isNumber;

    private string Wanted() => unit switch
    {
        AmountUnit.Cents => "is not a whole number of hundredths such as 1234",
        AmountUnit.Minor => "is not a whole number of minor units such as 1234",
        _ => $"is not a decimal number such as {text.Example}",
    };
}
