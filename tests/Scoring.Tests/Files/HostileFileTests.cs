using System.Globalization;
using System.IO.Compression;
using System.Text;
using Scoring.Models.Files;
using Scoring.Models.Wire;

namespace Scoring.Tests.Files;

/// <summary>
/// Random and extreme bytes, cells, rows and maps: whatever a file holds, nothing but the declared exception comes out, rows that are
/// events follow the rules, and a good row behind a bad one is read. SCORING_TEST_HOSTILE_INPUTS sets how many inputs are thrown, and
/// SCORING_TEST_SEED which.
/// </summary>
public sealed class HostileFileTests
{
    private const string Header = "id,card,user,shop,amount,cur,time,fraud,kind,x\n";
    private const string Last = "last,c,u,s,1,EUR,2026-03-01T12:00:00Z,0,k,1\n";

    private static readonly int Inputs = Setting("SCORING_TEST_HOSTILE_INPUTS", 8_000);
    private static readonly int Seed = Setting("SCORING_TEST_SEED", 17);

    private static readonly string[] Cells =
    [
        "", " ", "0", "-0", "1", "-1", "+1", "1e5", "1E+05", "1e400", "1e-400", "-1e400", "NaN", "Infinity", "-Infinity", "∞", ".", "..", "-", "e", "1.", ".1", "1,5", "1.234,5", "$5", "(5)", "5-", "$-5", "−5",
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615", "99999999999999999999999999999999999999999", "100000000000", "100000000000.0001", "0.00005", "1e1000000000000",
        "0001-01-01", "0000-00-00", "9999-12-31", "9999-12-31T24:00:00", "9999-12-31T23:59:59-18:00", "0001-01-01T00:00:00+18:00", "1970-01-01T00:00:00Z", "2026-03-29T02:30:00", "2016-12-31T23:59:60Z", "2026-03-01T12:00:00.1234567890123Z",
        "4111111111111111", "4111 1111-1111 1111", "5555555555554444", "\0", "a\0b", "\uFEFF", "\u202Eabc", "\u001b[31m", "\uFFFD", "\uD83D\uDE00", "\"", "\"\"", "'", "\r", "\t", "{", "[", "true", "null", "Yes", "no",
    ];

    private static readonly string[] Maps =
    [
        "columns: { transactionId: id, cardId: card, userId: user, merchantId: shop, amount: amount, eventTime: time, label: fraud }",
        """
        columns: { transactionId: { columns: [id, x], separator: "" }, cardId: { columns: [card, shop, id], prefix: p }, userId: { column: user, strip: "'\" " }, amount: { column: amount, sign: ["$", "€"], thousands: ",", negative: { kind: { starts: [r, "-"] } } }, eventTime: time }
        where: { x: { gt: -5, le: 9 }, kind: { not: [void] } }
        timeZone: Europe/Paris
        """,
        """
        columns: { transactionId: { line: true }, cardId: { value: c }, terminalId: shop, merchantId: shop, currency: cur, amount: { column: amount, type: minor, exponents: { XXX: 4 } }, eventTime: { columns: [time, x] }, label: { column: fraud, positive: [Yes] } }
        timeFormat: yyyy-M-d H
        timeZone: America/St_Johns
        """,
        """
        columns: { transactionId: id, cardId: card, amount: { column: amount, type: cents, decimal: "," , thousands: "." }, eventTime: time }
        timeFormat: { step: 3650d, from: 9000-01-01 }
        quote: "'"
        """,
        "columns: { transactionId: id, cardId: card, amount: amount, eventTime: time }\ntimeFormat: epoch_ns\nquote: none",
        "columns: { transactionId: id, cardId: card, amount: amount, eventTime: time }\ntimeFormat: M/d/yy h:mm:ss.fff tt",
        "columns: { transactionId: id, cardId: x.0.y, userId: x.y, amount: amount, eventTime: time }\nlabels: { file: l.json, property: t }",
    ];

    [Fact]
    public void Random_cells_make_rows_that_are_events_or_are_told() => Throw(1, random =>
    {
        var rows = string.Concat(Enumerable.Range(0, 1 + random.Next(4)).Select(_ => string.Join(',', Enumerable.Range(0, 9 + random.Next(random.Next(10) == 0 ? 3 : 2)).Select(_ => Cell(random))) + "\n"));
        var map = Maps[random.Next(6)];
        var read = Read("x.csv", Encoding.UTF8.GetBytes(Header + rows + Last), map);

        Assert.True(map != Maps[0] || read.Rows[^1] is { Error: null, Id: "last" }, read.Rows[^1].Error);
    });

    [Fact]
    public void Random_bytes_never_stop_the_reader() => Throw(2, random =>
    {
        var noise = Noise(random);
        var read = Read("x.csv", [.. Encoding.UTF8.GetBytes(Header), .. noise, .. Encoding.UTF8.GetBytes("\n" + Last)], Maps[0]);
        Assert.True(read.Rows[^1] is { Error: null, Id: "last" }, read.Rows[^1].Error);

        TryRead("x.csv", noise, Maps[random.Next(Maps.Length - 1)]);
        TryRead("x.jsonl", noise, Maps[random.Next(Maps.Length - 1)]);
        TryRead("x.csv.gz", noise, Maps[0]);
        TryRead("x.csv", noise, $"{Maps[0]}\nencoding: {Pick(random, "utf-16", "utf-16le", "utf-16be", "latin1", "windows-1253")}");
        TryRead("x.csv", Encoding.UTF8.GetBytes(Header), Maps[^1].Replace("x.0.y", "card", StringComparison.Ordinal).Replace("x.y", "user", StringComparison.Ordinal), noise);
    });

    [Fact]
    public void Random_json_lines_are_events_or_are_told() => Throw(3, random =>
    {
        var line = Json(random, 0);
        var labels = random.Next(2) == 0 ? $"{{\"t\": {Json(random, 1)} }}" : Json(random, 0);
        TryRead("x.jsonl", Encoding.UTF8.GetBytes($"{line}\n{{\"id\":\"last\",\"card\":\"c\",\"amount\":1,\"time\":\"2026-03-01T12:00:00Z\"}}\n"), Maps[random.Next(Maps.Length)], Encoding.UTF8.GetBytes(labels));
    });

    [Fact]
    public void Gzip_that_is_damaged_anywhere_gives_its_rows_or_is_told() => Throw(4, random =>
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(Header + string.Concat(Enumerable.Repeat(Last, random.Next(200)))));
        var bytes = stream.ToArray();
        if (random.Next(3) == 0)
            bytes = bytes[..random.Next(bytes.Length)];
        else
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        TryRead("x.csv.gz", bytes, Maps[0]);
    });

    [Fact]
    public void Random_maps_are_read_or_refused_with_a_line() => Throw(5, random =>
    {
        var map = Maps[random.Next(Maps.Length)] + "\nlabelDelay: 7d\ndelimiter: \",\"\n";
        for (var changes = random.Next(1, 6); changes > 0; changes--)
            map = Change(random, map);
        try
        {
            _ = EventFiles.Parse(map);
        }
        catch (EventFileException e)
        {
            Assert.All(e.Message.Split('\n'), l => Assert.Matches(@"^(map\.yaml:\d+: |\S|$|\s)", l));
            Assert.StartsWith("map.yaml:", e.Message, StringComparison.Ordinal);
        }
    });

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    public void A_map_that_nests_without_end_is_refused(char open)
    {
        var error = Assert.Throws<EventFileException>(() => EventFiles.Parse("columns: " + new string(open, 200_000)));

        Assert.StartsWith("map.yaml:1: not valid YAML", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("columns: &a [*a]")]
    [InlineData("columns: &a { cardId: *a }")]
    [InlineData("a: &a [x, x]\ncolumns: [*a, *a, *b]")]
    [InlineData("<<: &a { <<: *a }")]
    [InlineData("columns: {a: b, a: c}")]
    [InlineData("--- x\n--- y")]
    [InlineData("!!binary x: y")]
    [InlineData("? [a]: b")]
    [InlineData("\0")]
    [InlineData("%YAML 9.9\n---\na: b")]
    public void Odd_yaml_is_refused(string map) => Assert.StartsWith("map.yaml:", Assert.Throws<EventFileException>(() => EventFiles.Parse(map)).Message, StringComparison.Ordinal);

    private static void Throw(int kind, Action<Random> input)
    {
        for (var i = 0; i < Inputs / 5; i++)
        {
            var seed = unchecked((Seed * 31 + kind) * 1_000_003 + i);
            try
            {
                input(new Random(seed));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"input {i} of kind {kind} with seed {Seed}: {e.Message}", e);
            }
        }
    }

    private static void TryRead(string name, byte[] content, string map, byte[]? labels = null)
    {
        try
        {
            Read(name, content, map, labels);
        }
        catch (EventFileException e)
        {
            // The file is named, and nothing of it that a terminal would obey is shown.
            Assert.True(e.Message.StartsWith(name, StringComparison.Ordinal) || e.Message.StartsWith("l.json", StringComparison.Ordinal), e.Message);
            Assert.DoesNotContain(e.Message, c => char.IsControl(c) && c != '\n');
        }
    }

    private static ReadFile Read(string name, byte[] content, string map, byte[]? labels = null)
    {
        var read = EventFiles.Read(name, content, map, ("l.json", labels ?? "{\"t\":{}}"u8.ToArray()));
        Assert.All(read.Errors, e => Assert.DoesNotContain(e, char.IsControl));
        foreach (var row in read.Good)
        {
            Assert.True(EventTime.IsInRange(row.Micros), row.Time);
            Assert.InRange(row.Units, -Money.MaxUnits, Money.MaxUnits);
            Assert.All(row.Texts.Values, t => Assert.True(t.Length <= 256 && !t.Contains('\0', StringComparison.Ordinal) && !CardNumbers.IsCardNumber(Encoding.UTF8.GetBytes(t)), t));
        }

        return read;
    }

    private static string Cell(Random random) => random.Next(12) switch
    {
        0 => $"\"{Pick(random, Cells).Replace("\"", "\"\"", StringComparison.Ordinal)}\"",
        1 => Pick(random, Cells) + Pick(random, Cells),
        2 => new string(Pick(random, "9", "a", "é", "1 ", "'")[0], random.Next(300)),
        3 => random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture),
        4 => (random.NextDouble() * Math.Pow(10, random.Next(-400, 400))).ToString("R", CultureInfo.InvariantCulture),
        5 => $"{random.Next(10_000):D4}-{random.Next(14):D2}-{random.Next(33):D2}T{random.Next(26):D2}:{random.Next(62):D2}:{random.Next(62):D2}{Pick(random, "", "Z", "+02:00", "-18:00", "+1")}",
        _ => Pick(random, Cells),
    };

    private static byte[] Noise(Random random)
    {
        var noise = new byte[random.Next(random.Next(50) == 0 ? 100_000 : 400)];
        random.NextBytes(noise);
        var signs = "\",\n\r{}:0[]'\0\\"u8;
        for (var k = 0; k < noise.Length; k++)
            noise[k] = random.Next(3) == 0 ? signs[random.Next(signs.Length)] : noise[k];
        // A signature, so that what lies behind it is reached.
        if (random.Next(4) == 0 && Pick(random, "1F8B08", "FFFE", "FEFF", "EFBBBF", "7B22", "5B7B") is { } hex)
            Convert.FromHexString(hex).AsSpan(0, Math.Min(noise.Length, hex.Length / 2)).CopyTo(noise);
        return noise;
    }

    private static string Json(Random random, int depth)
    {
        var kind = random.Next(depth == 0 ? 2 : depth > 6 ? 8 : 12);
        return kind switch
        {
            0 or 1 or 8 or 9 => $"{{{string.Join(',', Enumerable.Range(0, random.Next(8)).Select(_ => $"\"{Pick(random, "id", "card", "user", "amount", "time", "x", "y", "t", "0", "x.y", "\\u0069d", "k\\ud800", "")}\":{Json(random, depth + 1)}"))}}}",
            10 or 11 => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Json(random, depth + 1)))}]",
            2 => Pick(random, "true", "false", "null", "tru", "nan"),
            3 => random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture),
            4 => Pick(random, "1e400", "-1e-400", "1E+05", "0.1", "-0", "01", "1."),
            5 => Pick(random, "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"\\n\"", "\"\\x\"", "\"", "\"4111111111111111\""),
            _ => System.Text.Json.JsonSerializer.Serialize(Pick(random, Cells)),
        };
    }

    private static string Change(Random random, string map)
    {
        var at = random.Next(map.Length);
        return random.Next(6) switch
        {
            0 => map.Remove(at, Math.Min(random.Next(1, 20), map.Length - at)),
            1 => map.Insert(at, Pick(random, "{", "}", "[", "]", ":", ",", "\n", "&a ", "*a", "!", "|\n", "'", "\"", "\t", "#", "? ", "- ", "\0", "<<: ", "é")),
            2 => map.Insert(at, Pick(random, Cells)),
            3 => map.Insert(at, Pick(random, "columns", "column", "where", "labels", "timeFormat: epoch_s", "step", "negative", "exponents: { EUR: 9 }", "encoding: x", "quote: q", "strip: é")),
            4 => map[..at] + map[random.Next(map.Length)..],
            _ => map.Replace(Pick(random, "id", "card", "amount", "time", "columns", "column"), Pick(random, Cells), StringComparison.Ordinal),
        } is { Length: > 0 } changed ? changed : map;
    }

    private static T Pick<T>(Random random, params ReadOnlySpan<T> from) => from[random.Next(from.Length)];

    private static int Setting(string name, int usual) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : usual;
}
