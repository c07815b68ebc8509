namespace Scoring.Models.Files;

/// <summary>A pattern of a date and time, such as <c>yyyy-MM-dd HH:mm:ss</c> or <c>M/d/yyyy h:mm tt</c>, taken apart once.</summary>
internal sealed class TimePattern
{
    // MMM is a month's name, tt is AM or PM.
    private static readonly string[] Fields = ["yyyy", "yy", "MMM", "MM", "M", "dd", "d", "HH", "H", "hh", "h", "mm", "m", "ss", "s", "tt"];

    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    private readonly Step[] steps;

    private TimePattern(IEnumerable<Token> tokens, bool isUtc)
    {
        steps = [.. tokens.Select(t => new Step(t.IsField ? (byte)t.Text[0] : (byte)0, (byte)t.Text.Length, t.Literal))];
        IsUtc = isUtc;
    }

    /// <summary>Whether its times end with Z and are of UTC.</summary>
    public bool IsUtc { get; }

    /// <summary>Takes a pattern apart.</summary>
    /// <param name="pattern">Fields, the letters T and Z, and any signs between them.</param>
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
            compiled = new TimePattern(tokens, pattern.EndsWith('Z'));
        return compiled is not null;
    }

    /// <summary>Reads what the fields say; nothing says yet that there is such a day.</summary>
    public bool TryRead(ReadOnlySpan<byte> text, out TimeFields fields)
    {
        fields = default;
        var at = 0;
        foreach (var step in steps)
        {
            if (step.Field == 0)
            {
                if (at >= text.Length || text[at++] != step.Literal)
                    return false;
            }
            else if (!TryRead(step, text, ref at, ref fields))
            {
                return false;
            }
        }

        return at == text.Length && fields.TryApplyHalf();
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

    private static bool TryRead(Step step, ReadOnlySpan<byte> text, ref int at, ref TimeFields fields)
    {
        switch (step.Field)
        {
            case (byte)'t': return TryHalf(text, ref at, ref fields);
            case (byte)'f': return TryFraction(step.Width, text, ref at, ref fields);
            case (byte)'M' when step.Width == 3: return TryMonth(text, ref at, ref fields);
        }

        if (!TryNumber(step.Width, text, ref at, out var number))
            return false;
        fields.Set(step.Field, step.Width, number);
        return true;
    }

    private static bool TryNumber(int width, ReadOnlySpan<byte> text, ref int at, out int number)
    {
        // Two digits as a rule.
        if (width == 2 && text.Length - at >= 2 && (uint)(text[at] - '0') <= 9 && (uint)(text[at + 1] - '0') <= 9)
        {
            number = ((text[at] - '0') * 10) + (text[at + 1] - '0');
            at += 2;
            return true;
        }

        number = 0;
        var start = at;
        var end = Math.Min(text.Length, at + (width == 1 ? 2 : width));
        for (; at < end && (uint)(text[at] - '0') <= 9; at++)
            number = (number * 10) + (text[at] - '0');
        return at - start >= width;
    }

    private static bool TryFraction(int width, ReadOnlySpan<byte> text, ref int at, ref TimeFields fields)
    {
        if (text.Length - at < width || text.Slice(at, width).ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;
        for (var (end, place) = (at + width, 100_000); at < end; at++, place /= 10)
            fields.Micros += (text[at] - '0') * place;
        return true;
    }

    private static bool TryMonth(ReadOnlySpan<byte> text, ref int at, ref TimeFields fields)
    {
        if (text.Length - at < 3)
            return false;
        for (var month = 0; month < Months.Length; month++)
        {
            if (!System.Text.Ascii.EqualsIgnoreCase(text.Slice(at, 3), Months[month]))
                continue;
            fields.Month = month + 1;
            at += 3;
            return true;
        }

        return false;
    }

    private static bool TryHalf(ReadOnlySpan<byte> text, ref int at, ref TimeFields fields)
    {
        if (text.Length - at < 2 || (text[at + 1] | 0x20) != 'm' || (text[at] | 0x20) is not ('a' or 'p'))
            return false;
        fields.Half = (char)(text[at] | 0x20);
        at += 2;
        return true;
    }

    // A token as a row is read by it: its field's letter and width, or the sign that must stand there.
    private readonly record struct Step(byte Field, byte Width, byte Literal);

    private readonly record struct Token(string Text, byte Literal)
    {
        public bool IsField => Literal == 0;

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

    public void Set(byte letter, int width, int number)
    {
        switch (letter)
        {
            case (byte)'y': Year = width == 4 ? number : number + (number + 1900 < FirstShortYear ? 2000 : 1900); break;
            case (byte)'M': Month = number; break;
            case (byte)'d': Day = number; break;
            case (byte)'m': Minute = number; break;
            case (byte)'s': Second = number; break;
            default: Hour = number; break;
        }
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
