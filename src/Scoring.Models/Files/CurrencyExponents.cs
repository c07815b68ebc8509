using System.Text;

namespace Scoring.Models.Files;

/// <summary>
/// How many decimal digits the minor unit of a currency is: ISO 4217's list one of 2026, with the currencies that left it since 2010,
/// by their letters and by their numbers. A map may name others.
/// </summary>
internal sealed class CurrencyExponents
{
    // Currencies without a minor unit (gold, drawing rights, test codes) are not on the list: nothing can be counted in one.
    private static readonly (int Exponent, string Codes)[] Standard =
    [
        (0, "BIF108 BYR974 CLP152 DJF262 GNF324 ISK352 JPY392 KMF174 KRW410 PYG600 RWF646 UGX800 UYI940 VND704 VUV548 XAF950 XOF952 XPF953"),
        (2,
            """
            AED784 AFN971 ALL008 AMD051 ANG532 AOA973 ARS032 AUD036 AWG533 AZN944 BAM977 BBD052 BDT050 BGN975 BMD060 BND096 BOB068 BOV984 BRL986
            BSD044 BTN064 BWP072 BYN933 BZD084 CAD124 CDF976 CHE947 CHF756 CHW948 CNY156 COP170 COU970 CRC188 CUC931 CUP192 CVE132 CZK203 DKK208
            DOP214 DZD012 EEK233 EGP818 ERN232 ETB230 EUR978 FJD242 FKP238 GBP826 GEL981 GHS936 GIP292 GMD270 GTQ320 GYD328 HKD344 HNL340 HRK191
            HTG332 HUF348 IDR360 ILS376 INR356 IRR364 JMD388 KES404 KGS417 KHR116 KPW408 KYD136 KZT398 LAK418 LBP422 LKR144 LRD430 LSL426 LTL440
            LVL428 MAD504 MDL498 MGA969 MKD807 MMK104 MNT496 MOP446 MRO478 MRU929 MUR480 MVR462 MWK454 MXN484 MXV979 MYR458 MZN943 NAD516 NGN566
            NIO558 NOK578 NPR524 NZD554 PAB590 PEN604 PGK598 PHP608 PKR586 PLN985 QAR634 RON946 RSD941 RUB643 SAR682 SBD090 SCR690 SDG938 SEK752
            SGD702 SHP654 SLE925 SLL694 SOS706 SRD968 SSP728 STD678 STN930 SVC222 SYP760 SZL748 THB764 TJS972 TMT934 TOP776 TRY949 TTD780 TWD901
            TZS834 UAH980 USD840 USN997 UYU858 UZS860 VED926 VEF937 VES928 WST882 XAD396 XCD951 XCG532 YER886 ZAR710 ZMK894 ZMW967 ZWG924 ZWL932
            """),
        (3, "BHD048 IQD368 JOD400 KWD414 LYD434 OMR512 TND788"),
        (4, "CLF990 UYW927"),
    ];

    private const int CodeLength = 3;

    private readonly Dictionary<int, int> byCode = [];

    /// <summary>Takes the standard's list, and what a map says of some currencies otherwise.</summary>
    /// <param name="others">Exponents by code, three letters or digits each.</param>
    public CurrencyExponents(IReadOnlyDictionary<string, int> others)
    {
        foreach (var (exponent, codes) in Standard)
        {
            foreach (var code in codes.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            {
                byCode[Key(Encoding.ASCII.GetBytes(code[..CodeLength]))] = exponent;
                byCode[Key(Encoding.ASCII.GetBytes(code[CodeLength..]))] = exponent;
            }
        }

        foreach (var (code, exponent) in others)
            byCode[Key(Encoding.ASCII.GetBytes(code))] = exponent;
    }

    /// <summary>Finds a currency's exponent.</summary>
    /// <param name="code">Three letters in any case, or a number of up to three digits.</param>
    /// <param name="exponent">How many decimal digits a minor unit is, 0 to 4.</param>
    public bool TryFind(ReadOnlySpan<byte> code, out int exponent)
    {
        exponent = 0;
        return code.Length is > 0 and <= CodeLength && byCode.TryGetValue(Key(code), out exponent);
    }

    // Letters lose their case. Numbers may have lost the zeros before them, as JSON's do.
    private static int Key(ReadOnlySpan<byte> code)
    {
        var key = 0;
        foreach (var c in code)
            key = (key << 8) | (char.IsAsciiLetter((char)c) ? c & 0xDF : c);
        return code.Length == CodeLength || code.ContainsAnyExceptInRange((byte)'0', (byte)'9') ? key : key | (code.Length == 1 ? 0x303000 : 0x300000);
    }
}
