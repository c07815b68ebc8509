namespace Scoring.Models.Files;

/// <summary>A pattern of a date and time, such as <c>yyyy-MM-dd HH:mm:ss</c> or <c>M/d/yyyy h:mm tt</c>, taken apart once.</summary>
internal sealed class TimePattern
{
    // MMM is a month's name, tt is AM or PM.
    private static readonly string[] Fields = ["yyyy", "yy", "MMM", "MM", "M", "dd", "d", "HH", "H", "hh", "h", "mm", "m", "ss", "s", "tt"];

    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    private readonly Token[] tokens;

    private TimePattern(Token[] tokens, bool isUtc)
    {
        this.tokens = tokens;
        IsUtc = isUtc;
    }

    /// <summary>Whether its times end with Z and are of UTC.</summary>
    public bool IsUtc { get; }

    /// <summary>Takes a pattern apart.</summary>
    /// <param name="pattern">Fields, letters T and Z, and any signs between them.</param>
    /// <param name="compiled">The pattern.</param>
    /// <param name="why">What is wrong with it.</param>
    public static bool TryParse(string pattern, out TimePattern? compiled, out string why)
    {
        compiled = null;
        var tokens = new List<Token>();
        for (var at = 0; at < pattern.Length; at += tokens[^1].Text.Length)
        {
            if (Next(pattern, at) is not { } token)
            {
                why = $"has '{pattern[at..Math.Min(pattern.Length, at + 1 + pattern[at..].TakeWhile(c => c == pattern[at]).Skip(1).Count())]}', which is no field";
                return false;
            }

            tokens.Add(token);
        }

        why = Wrong(tokens) ?? "";
        if (why.Length == 0)
            compiled = new TimePattern([.. tokens], pattern.EndsWith('Z'));
        return compiled is not null;
    }

    /// <summary>Reads what the fields say; nothing says yet that there is such a day.</summary>
    public bool TryRead(ReadOnlySpan<byte> text, out TimeFields fields)
    {
        fields = new TimeFields { Month = 1, Day = 1 };
        foreach (ref readonly var token in tokens.AsSpan())
        {
            if (!TryRead(token, ref text, ref fields))
                return false;
        }

        return text.IsEmpty && fields.TryApplyHalf();
    }

    private static Token? Next(string pattern, int at)
    {
        var letter = pattern[at];
        if (!char.IsAscii(letter))
            return null;
        if (!char.IsAsciiLetter(letter) || letter is 'T' or 'Z')
            return new Token(letter.ToString(), (byte)letter);
        var run = pattern.AsSpan(at).IndexOfAnyExcept(letter);
        var text = pattern.Substring(at, run < 0 ? pattern.Length - at : run);
        return Fields.Contains(text) || (letter == 'f' && text.Length <= 9) ? new Token(text, 0) : null;
    }

    private static string? Wrong(List<Token> tokens)
    {
        var fields = tokens.Where(t => t.IsField).ToList();
        if (fields.GroupBy(t => t.Text[0]).FirstOrDefault(g => g.Count() > 1) is { } twice)
            return $"has '{twice.Key}' twice";
        bool Has(char letter) => fields.Any(t => t.Text[0] == letter);
        if (!Has('y') || !Has('M') || !Has('d'))
            return "needs a year, a month and a day (yyyy, MM, dd)";
        if (Has('h') != Has('t') || (Has('h') && Has('H')))
            return "needs tt (AM or PM) with h, and with h alone";
        var open = tokens.Zip(tokens.Skip(1)).FirstOrDefault(p => p.First.IsOpen && p.Second.IsField && p.Second.Text != "tt");
        return open.First.Text is { } first ? $"has nothing between '{first}', of one or two digits, and '{open.Second.Text}'" : null;
    }

    private static bool TryRead(in Token token, ref ReadOnlySpan<byte> text, ref TimeFields fields)
    {
        if (!token.IsField)
        {
            if (text.IsEmpty || text[0] != token.Literal)
                return false;
            text = text[1..];
            return true;
        }

        return token.Letter switch
        {
            't' => TryHalf(ref text, ref fields),
            'f' => TryFraction(token.Text.Length, ref text, ref fields),
            'M' when token.Text.Length == 3 => TryMonth(ref text, ref fields),
            _ => TryNumber(token.Text.Length, ref text, out var number) && fields.Set(token.Letter, token.Text.Length, number),
        };
    }

    private static bool TryNumber(int width, ref ReadOnlySpan<byte> text, out int number)
    {
        number = 0;
        var (least, most) = width == 1 ? (1, 2) : (width, width);
        var digits = 0;
        while (digits < most && digits < text.Length && text[digits] is >= (byte)'0' and <= (byte)'9')
            number = (number * 10) + (text[digits++] - '0');
        text = text[digits..];
        return digits >= least;
    }

    private static bool TryFraction(int width, ref ReadOnlySpan<byte> text, ref TimeFields fields)
    {
        if (text.Length < width || text[..width].ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;
        for (var (i, place) = (0, 100_000); i < width; i++, place /= 10)
            fields.Micros += (text[i] - '0') * place;
        text = text[width..];
        return true;
    }

    private static bool TryMonth(ref ReadOnlySpan<byte> text, ref TimeFields fields)
    {
        if (text.Length < 3)
            return false;
        for (var month = 0; month < Months.Length; month++)
        {
            if (System.Text.Ascii.EqualsIgnoreCase(text[..3], Months[month]))
                fields.Month = month + 1;
            else
                continue;
            text = text[3..];
            return true;
        }

        return false;
    }

    private static bool TryHalf(ref ReadOnlySpan<byte> text, ref TimeFields fields)
    {
        if (text.Length < 2 || (text[1] | 0x20) != 'm' || (text[0] | 0x20) is not ('a' or 'p'))
            return false;
        fields.Half = (text[0] | 0x20) == 'a' ? 'a' : 'p';
        text = text[2..];
        return true;
    }

    private readonly record struct Token(string Text, byte Literal)
    {
        public bool IsField => Literal == 0;

        public char Letter => Text[0];

        // May take one digit or two, so that it must know where it ends.
        public bool IsOpen => IsField && Text.Length == 1 && Text != "f";
    }
}

/// <summary>What the fields of a date and time say.</summary>
internal struct TimeFields
{
    // The years that two digits can mean: 1970 is the first year that an event may have.
    private const int FirstShortYear = 1970;

    public int Year;
    public int Month;
    public int Day;
    public int Hour;
    public int Minute;
    public int Second;
    public int Micros;
    public char Half;

    public bool Set(char letter, int width, int number)
    {
        switch (letter)
        {
            case 'y': Year = width == 4 ? number : number + (number + 1900 < FirstShortYear ? 2000 : 1900); break;
            case 'M': Month = number; break;
            case 'd': Day = number; break;
            case 'm': Minute = number; break;
            case 's': Second = number; break;
            default: Hour = number; break;
        }

        return true;
    }

    /// <summary>Makes an hour of 1 to 12 and its half of the day one of 0 to 23.</summary>
    public bool TryApplyHalf()
    {
        if (Half == '\0')
            return true;
        if (Hour is < 1 or > 12)
            return false;
        Hour = (Hour % 12) + (Half == 'p' ? 12 : 0);
        return true;
    }
}
