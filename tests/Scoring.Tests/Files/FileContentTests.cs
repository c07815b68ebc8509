using System.IO.Compression;
using System.Text;
using Scoring.Models.Files;

namespace Scoring.Tests.Files;

/// <summary>What a file is, by its first bytes, its name and the map's encoding.</summary>
public sealed class FileContentTests
{
    private const string Csv = "id,card,amount,time\nt1,Café €,5,2026-03-01T12:00:00Z\nt2,\U0001F4B3,5,2026-03-01T12:00:00Z\n";

    public static TheoryData<string, string, string> Encodings => new()
    {
        { "utf-16", "UTF-16LE with a mark", "t1 Café €|t2 \U0001F4B3" },
        { "utf-16", "UTF-16BE with a mark", "t1 Café €|t2 \U0001F4B3" },
        { "utf-16le", "UTF-16LE", "t1 Café €|t2 \U0001F4B3" },
        { "utf-16be", "UTF-16BE", "t1 Café €|t2 \U0001F4B3" },
        { "windows-1252", "windows-1252", "t1 Café €|t2 ?" },
        { "iso-8859-15", "iso-8859-15", "t1 Café €|t2 ?" },
        { "utf-8", "UTF-8 with a mark", "t1 Café €|t2 \U0001F4B3" },
    };

    [Theory]
    [MemberData(nameof(Encodings))]
    public void An_encoding_that_the_map_names_is_read(string name, string how, string cards)
    {
        var content = how switch
        {
            "UTF-16LE with a mark" => [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Csv)],
            "UTF-16BE with a mark" => [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes(Csv)],
            "UTF-16LE" => Encoding.Unicode.GetBytes(Csv),
            "UTF-16BE" => Encoding.BigEndianUnicode.GetBytes(Csv),
            "UTF-8 with a mark" => [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Csv)],
            _ => CodePagesEncodingProvider.Instance.GetEncoding(name, new EncoderReplacementFallback("?"), DecoderFallback.ReplacementFallback)!.GetBytes(Csv.Replace("\U0001F4B3", "?", StringComparison.Ordinal)),
        };

        Assert.Equal(cards, string.Join('|', EventFiles.Read("x.csv", content, EventFiles.Map($"encoding: {name}")).Rows.Select(r => $"{r.Id} {r.Card}")));
    }

    [Fact]
    public void Latin1_is_read_in_csv_and_in_json_lines()
    {
        var json = Encoding.Latin1.GetBytes("""{"id":"t1","card":"Café","amount":5,"time":"2026-03-01T12:00:00Z"}""");

        Assert.Equal("Café", EventFiles.Read("x.jsonl", json, EventFiles.Map("encoding: latin1")).Rows.Single().Card);
    }

    [Fact]
    public void What_is_no_character_of_the_encoding_makes_a_row_bad_only_where_it_is_read()
    {
        var lone = "id,card,amount,time,x\nt1,c\uD83D,5,2026-03-01T12:00:00Z,\nt2,c,5,2026-03-01T12:00:00Z,\uDC00\nt3,c,5,2026-03-01T12:00:00Z,\n".ToCharArray().SelectMany(c => new[] { (byte)c, (byte)(c >> 8) }).ToArray();

        var utf16 = EventFiles.Read("x.csv", lone, EventFiles.Map("encoding: utf-16le"));
        Assert.Equal(["2: cardId: is not valid Unicode"], utf16.Errors);
        Assert.Equal(["t2", "t3"], utf16.Good.Select(r => r.Id));

        // windows-1253 has no character 0xD2.
        byte[] greek = [.. "id,card,amount,time\nt1,"u8, 0xD2, .. ",5,2026-03-01T12:00:00Z\n"u8];
        Assert.Equal(["2: cardId: is not valid Unicode"], EventFiles.Read("x.csv", greek, EventFiles.Map("encoding: windows-1253")).Errors);
    }

    [Fact]
    public void A_utf16_file_does_not_depend_on_how_it_is_cut()
    {
        var rows = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"t{i},\U0001F4B3{i},5,2026-03-01T12:00:00Z\n"));
        var read = EventFiles.Read("x.csv", Encoding.BigEndianUnicode.GetBytes($"id,card,amount,time\n{rows}"), EventFiles.Map("encoding: utf-16be"));

        Assert.Empty(read.Errors);
        Assert.Equal(Enumerable.Range(0, 20_000).Select(i => $"\U0001F4B3{i}"), read.Rows.Select(r => r.Card));
    }

    [Theory]
    [InlineData("x.csv", "FFFE690064002C00", "utf-8", "x.csv: is UTF-16; write encoding: utf-16 in the map")]
    [InlineData("x.csv", "FEFF0069", "utf-8", "x.csv: is UTF-16; write encoding: utf-16 in the map")]
    [InlineData("x.csv", "690064002C00", "utf-8", "x.csv: is UTF-16; write encoding: utf-16le in the map")]
    [InlineData("x.csv", "00690064002C", "utf-8", "x.csv: is UTF-16; write encoding: utf-16be in the map")]
    [InlineData("x.jsonl", "FFFE7B00", "latin1", "x.jsonl: is UTF-16; write encoding: utf-16 in the map")]
    [InlineData("x.csv", "69642C636172640A", "utf-16", "x.csv: is not UTF-16, though the map's encoding is utf-16")]
    [InlineData("x.csv", "FFFE000069000000", "utf-8", "x.csv: is UTF-32; save it as UTF-8")]
    [InlineData("x.csv", "1F8B08000000", "utf-8", "x.csv: is gzip; end its name in .gz")]
    [InlineData("x.csv", "504B030414000600", "utf-8", "x.csv: is a zip archive; unpack it first")]
    [InlineData("x.csv", "28B52FFD04", "utf-8", "x.csv: is a Zstandard archive; unpack it first")]
    [InlineData("x.csv", "425A6839314159265359", "utf-8", "x.csv: is a bzip2 archive; unpack it first")]
    [InlineData("x.csv", "FD377A585A00", "utf-8", "x.csv: is an xz archive; unpack it first")]
    [InlineData("x.csv", "377ABCAF271C", "utf-8", "x.csv: is a 7z archive; unpack it first")]
    [InlineData("x.csv", "526172211A0700", "utf-8", "x.csv: is a RAR archive; unpack it first")]
    [InlineData("x.csv", "D0CF11E0A1B11AE1", "utf-8", "x.csv: is an Excel workbook of before 2007; save it as CSV")]
    [InlineData("x.csv", "5041523115041510", "utf-8", "x.csv: is Parquet; write it as CSV or JSON lines")]
    [InlineData("x.csv", "4F626A0104", "utf-8", "x.csv: is Avro; write it as CSV or JSON lines")]
    [InlineData("x.csv", "53514C69746520666F726D617420330000", "utf-8", "x.csv: is an SQLite database; write it as CSV or JSON lines")]
    [InlineData("x.csv.gz", "69642C636172640A", "utf-8", "x.csv.gz: is not gzip, though its name ends in .gz: it is plain text")]
    [InlineData("x.csv.gz", "504B030414000600", "utf-8", "x.csv.gz: is not gzip, though its name ends in .gz: it is a zip archive")]
    public void A_file_of_another_kind_is_refused_by_what_it_is(string name, string hex, string encoding, string error) =>
        Assert.StartsWith(error, Error(name, Convert.FromHexString(hex), encoding), StringComparison.Ordinal);

    [Theory]
    [InlineData("x.csv", "[\n  {\n \"id\": 1 } ]", "is one JSON list; write one object a line (jq -c '.[]') to a file that ends in .jsonl")]
    [InlineData("x.csv", "{\"id\": 1}\n", "is JSON; end its name in .jsonl and write one object a line")]
    [InlineData("x.csv", "<?xml version=\"1.0\"?><Document/>", "is XML or HTML; write it as CSV with a header, or as JSON lines")]
    [InlineData("x.csv", "<!DOCTYPE html>\n<html>", "is XML or HTML; write it as CSV with a header, or as JSON lines")]
    [InlineData("x.csv", "id,card,amount,time\rt1,c,5,2026-03-01T12:00:00Z\r", "has lines that end with a carriage return alone")]
    [InlineData("x.jsonl", " \n[{\"id\":1}]", "is one JSON list; write one object a line (jq -c '.[]')")]
    [InlineData("x.jsonl", "{\r\n  \"id\": 1\n}\n", "has JSON objects over several lines; write one object a line (jq -c .)")]
    [InlineData("x.jsonl", "<html>", "is XML or HTML; write it as JSON lines")]
    [InlineData("x.ndjson", "[]", "is one JSON list")]
    public void Text_that_is_no_rows_is_refused_with_what_makes_it_some(string name, string content, string error) =>
        Assert.StartsWith($"{name}: {error}", Error(name, Encoding.UTF8.GetBytes(content), "utf-8"), StringComparison.Ordinal);

    [Theory]
    [InlineData("x.csv")]
    [InlineData("x.csv.gz")]
    public void An_empty_file_has_no_header(string name) => Assert.Equal($"{name}:1: no header row: the file is empty", Error(name, [], "utf-8"));

    [Theory]
    [InlineData("[id],[card]\n", "[id], [card]")]
    [InlineData("PAR1,BZh,Obj,ORC\n", "PAR1, BZh, Obj, ORC")]
    public void A_header_that_only_looks_like_another_kind_is_a_header(string content, string header) =>
        Assert.Contains($"the header has {header}", Error("x.csv", Encoding.UTF8.GetBytes(content), "utf-8"), StringComparison.Ordinal);

    [Fact]
    public void Gzip_that_is_cut_off_or_damaged_is_told_with_its_line_after_the_rows_before_it()
    {
        var whole = Gzip(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"t{i},c{i * 7919 % 1000},5,2026-03-01T12:00:00Z\n")));
        byte[] damaged = [.. whole];
        damaged[whole.Length / 2] ^= 0x55;
        foreach (var bytes in new[] { whole[..(whole.Length / 2)], whole[..^4], whole[..10], damaged })
        {
            var error = Assert.Throws<EventFileException>(() => EventFiles.Read("x.csv.gz", bytes, EventFiles.Map())).Message;
            Assert.Matches(@"^x\.csv\.gz:\d+: the gzip data is damaged or cut off here", error);
        }

        Assert.Equal(20_000, EventFiles.Read("x.csv.gz", whole, EventFiles.Map()).Good.Count);
    }

    [Fact]
    public void Gzip_of_several_members_is_read_to_its_end()
    {
        byte[] both = [.. Gzip("t1,c,5,2026-03-01T12:00:00Z\n"), .. GzipOf("t2,c,5,2026-03-01T12:00:00Z\n")];

        Assert.Equal(["t1", "t2"], EventFiles.Read("x.csv.gz", both, EventFiles.Map()).Rows.Select(r => r.Id));
    }

    private static string Error(string name, byte[] content, string encoding) =>
        Assert.Throws<EventFileException>(() => EventFiles.Read(name, content, EventFiles.Map($"encoding: {encoding}"))).Message;

    private static byte[] Gzip(string rows) => GzipOf($"id,card,amount,time\n{rows}");

    private static byte[] GzipOf(string text)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return stream.ToArray();
    }
}
