using System.Text;
using Scoring.Models.Files;
using Scoring.Models.Wire;

namespace Scoring.Tests.Files;

public sealed class EventFileReaderTests
{
    private const string Map = """
        columns: { transactionId: id, cardId: card, userId: user, amount: amount, eventTime: time, label: fraud }
        timeFormat: "yyyy-MM-dd HH:mm:ss"
        """;

    [Fact]
    public void Rows_become_transactions_whatever_the_order_of_the_columns()
    {
        var rows = Read("fraud,time,extra,id,card,user,amount\n1,1970-01-01 00:01:00,x,t1,c1,u1,12.34\r\n,1970-01-02 00:00:00,,t2,c2,,-0.5\n");

        Assert.Equal([(2L, "t1", "c1", "u1", 123_400L, 60_000_000L, (bool?)true), (3L, "t2", "c2", "c2", -5_000L, 86_400_000_000L, null)], rows.Select(Shown));
    }

    [Fact]
    public void Quoted_fields_may_hold_delimiters_quotes_and_line_ends()
    {
        var rows = Read("id,card,user,amount,time,fraud\n\"t,1\",\"say \"\"hi\"\"\",\"two\nlines\",1,1970-01-01 00:00:00,0\n\"t2\",c,u,2,1970-01-01 00:00:00,0");

        Assert.Equal(("t,1", "say \"hi\"", "two\nlines"), (Text(rows[0], TransactionField.TransactionId), Text(rows[0], TransactionField.CardId), Text(rows[0], TransactionField.UserId)));
        Assert.Equal(4, rows[1].Line);
        Assert.Equal("t2", Text(rows[1], TransactionField.TransactionId));
    }

    [Fact]
    public void A_bad_row_is_told_with_its_line_and_every_reason_and_the_next_is_read()
    {
        var rows = Read(
            "id,card,user,amount,time,fraud\n"
            + ",c,u,ten,1970-13-01 00:00:00,maybe\n"
            + "t,c,u,1\n"
            + "\"t\"x,c,u,1,1970-01-01 00:00:00,0\n"
            + "t5,c,u,1e20,1970-01-01 00:00:00,0\n"
            + "t6,c,u,1,1970-01-01 00:00:00,0\n"
            + "\"never closed,c,u,1,1970-01-01 00:00:00,0\n"
            + "t8,c,u,1,1970-01-01 00:00:00,0\n");

        Assert.Equal([2L, 3, 4, 5, 6, 7, 8], rows.Select(r => r.Line));
        Assert.Equal("transactionId: is missing; amount: 'ten' is not a decimal number such as 12.34; eventTime: '1970-13-01 00:00:00' names a day that does not exist; label: 'maybe' is not 0, 1, true, false, yes or no", rows[0].Error);
        Assert.Equal("4 fields where the header has 6", rows[1].Error);
        Assert.Contains("text follows a closing quote", rows[2].Error, StringComparison.Ordinal);
        Assert.Contains("amount: '1e20' is beyond", rows[3].Error, StringComparison.Ordinal);
        Assert.Null(rows[4].Error);
        Assert.Contains("not closed", rows[5].Error, StringComparison.Ordinal);
        Assert.Null(rows[6].Error);
    }

    [Fact]
    public void Rows_longer_than_the_buffer_are_bad_and_reading_goes_on_behind_them()
    {
        var rows = Read($"id,card,user,amount,time,fraud\nt1,{new string('x', 200_000)},u,1,1970-01-01 00:00:00,0\nt2,c,u,1,1970-01-01 00:00:00,0");

        Assert.Contains("longer than 65535 bytes", rows[0].Error, StringComparison.Ordinal);
        Assert.Equal((3L, "t2"), (rows[1].Line, Text(rows[1], TransactionField.TransactionId)));
    }

    [Theory]
    [InlineData(EventFileFormat.Csv)]
    [InlineData(EventFileFormat.JsonLines)]
    public void Text_that_is_not_utf8_is_a_bad_row_only_where_it_is_read(EventFileFormat format)
    {
        var rows = Read(format == EventFileFormat.Csv
            ? Latin1("id,card,user,amount,time,fraud,shop\nt1,c,u,1,1970-01-01 00:00:00,0,Caf\u00e9\nt2,c\u00e9,u,1,1970-01-01 00:00:00,0,x\nt3,c,u,1,1970-01-01 00:00:00,0,x\n")
            : Latin1("""
                {"id":"t1","card":"c","user":"u","amount":1,"time":"1970-01-01 00:00:00","shop":"Caf\u00e9"}
                {"id":"t2","card":"c\u00e9","user":"u","amount":1,"time":"1970-01-01 00:00:00"}
                {"id":"t3","card":"c","user":"u","amount":1,"time":"1970-01-01 00:00:00"}
                """.Replace("\\u00e9", "\u00e9", StringComparison.Ordinal)), Map.Replace(", label: fraud", "", StringComparison.Ordinal), format);

        Assert.Equal([null, "cardId: is not valid Unicode", null], rows.Select(r => r.Error));
    }

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    [Fact]
    public void A_header_without_mapped_columns_is_refused_with_all_of_them()
    {
        var error = Assert.Throws<EventFileException>(() => Read("id,card,amount,amount\n"));

        Assert.Contains("column 'user'", error.Message, StringComparison.Ordinal);
        Assert.Contains("column 'time'", error.Message, StringComparison.Ordinal);
        Assert.Contains("column 'amount' twice", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_lines_are_read_by_property_name()
    {
        var rows = Read(
            Encoding.UTF8.GetBytes("""
                {"id":"t\u00e9\"1","card":17,"amount":12.5,"time":"1970-01-01 00:00:01","fraud":true,"other":{"a":[1]}}

                {"id":"t2","card":"c","user":null,"amount":"3","time":"1970-01-01 00:00:02"}
                {"id":"t3","card":{},"amount":1}
                [1]
                {"id":
                {"id":"t6","card":"c","amount":1,"time":"1970-01-01 00:00:03"} x
                """),
            Map,
            EventFileFormat.JsonLines);

        Assert.Equal((1L, "té\"1", "17", "17", 125_000L, 1_000_000L, (bool?)true), Shown(rows[0]));
        Assert.Equal((3L, "t2", "c", "c", 30_000L, 2_000_000L, (bool?)null), Shown(rows[1]));
        Assert.Equal("card is an object or a list; it must be one value (name one within it: card.NAME)", rows[2].Error);
        Assert.Equal([4L, 5, 6, 7], rows.Skip(2).Select(r => r.Line));
        Assert.All(rows.Skip(2), r => Assert.NotNull(r.Error));
    }

    [Fact]
    public void Nested_properties_are_found_by_names_with_points()
    {
        const string map = "columns: { transactionId: a.id, cardId: a.b.card, userId: list.1, merchantId: list.0.name, terminalId: x.y, amount: amount, eventTime: t }";
        var rows = Read(
            Encoding.UTF8.GetBytes("""
                {"a":{"b":{"card":"c","card2":1},"id":"t1"},"list":[{"name":"m"},"u"],"x.y":"p","amount":1,"t":"2026-03-01T12:00:00Z"}
                {"a":{"b":{"card":"c"},"id":"t2"},"a":{"id":"t3"},"list":{"1":"v"},"x":{"y":{}},"x":{"y":2},"amount":1,"t":"2026-03-01T12:00:00Z"}
                {"a":{"b":[{"card":"c"}],"id":{"card":1}},"amount":1,"t":"2026-03-01T12:00:00Z"}
                {"a":7,"amount":1,"t":"2026-03-01T12:00:00Z"}
                """),
            map,
            EventFileFormat.JsonLines);

        Assert.Equal(["t1", "c", "u", "m", "p"], Enumerable.Range(0, 5).Select(f => Text(rows[0], (TransactionField)f)));
        Assert.Equal("cardId: is missing", rows[1].Error);
        Assert.Equal("a.id is an object or a list; it must be one value (name one within it: a.id.NAME)", rows[2].Error);
        Assert.Equal("transactionId: is missing; cardId: is missing", rows[3].Error);
    }

    [Fact]
    public void Of_equal_names_of_a_line_the_last_counts()
    {
        var rows = Read(
            Encoding.UTF8.GetBytes("""{"id":{},"id":"t1","card":"x","card":"c","user":"u","user":null,"amount":[],"amount":2,"time":"1970-01-01 00:00:01"}"""),
            Map,
            EventFileFormat.JsonLines);

        Assert.Equal((1L, "t1", "c", "c", 20_000L, 1_000_000L, (bool?)null), Shown(rows.Single()));
    }

    [Theory]
    [InlineData("quote: \"'\"", "'t,1','it''s \"x\"',u,1,1970-01-01 00:00:00,0", "t,1", "it's \"x\"")]
    [InlineData("quote: none", "\"t1,c \"x\",u,1,1970-01-01 00:00:00,0", "\"t1", "c \"x\"")]
    [InlineData("delimiter: \"\\t\"", "t1\tc,1\tu\t1\t1970-01-01 00:00:00\t0", "t1", "c,1")]
    [InlineData("delimiter: ;", "t1;c,1;u;1;1970-01-01 00:00:00;0", "t1", "c,1")]
    public void Delimiters_and_quotes_are_those_of_the_map(string layout, string line, string id, string card)
    {
        var delimiter = line.Contains('\t', StringComparison.Ordinal) ? "\t" : line.Contains(';', StringComparison.Ordinal) ? ";" : ",";
        var header = string.Join(delimiter, "id", "card", "user", "amount", "time", "fraud");
        var row = Read(Encoding.UTF8.GetBytes($"{header}\n{line}\n"), $"{Map}\n{layout}", EventFileFormat.Csv).Single();

        Assert.Equal((id, card), (Text(row, TransactionField.TransactionId), Text(row, TransactionField.CardId)));
    }

    [Fact]
    public void Errors_of_a_row_show_nothing_that_a_terminal_would_obey_and_no_card_number()
    {
        var rows = Read("id,card,user,amount,time,fraud\nt1,4111-1111-1111-1111,4111111111111111,\u001b[31mred\u202e,4111111111111111,5555555555554444\n");

        Assert.Equal(
            "cardId: is a raw card number; a token is wanted; userId: is a raw card number; a token is wanted; amount: '\\u{1B}[31mred\\u{202E}' is not a decimal number such as 12.34; "
            + "eventTime: '(a card number)' is not written as yyyy-MM-dd HH:mm:ss; label: '(a card number)' is not 0, 1, true, false, yes or no",
            rows.Single().Error);
    }

    [Fact]
    public void A_header_is_told_with_what_was_meant_and_not_endlessly()
    {
        var error = Assert.Throws<EventFileException>(() => Read($"ID,Card,user,amount,time,fraud,{string.Join(',', Enumerable.Range(0, 100).Select(i => $"\u001bV{i}"))}\n")).Message;

        Assert.StartsWith("file.csv:1: the map names column 'id'; did you mean 'ID'?; the header has ID, Card, user, amount, time, fraud, \\u{1B}V0, ", error, StringComparison.Ordinal);
        Assert.Contains("column 'card'; did you mean 'Card'?", error, StringComparison.Ordinal);
        Assert.EndsWith("\\u{1B}V33, … (106 columns)", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void The_rows_do_not_depend_on_how_the_stream_is_cut(int chunk)
    {
        var file = Encoding.UTF8.GetBytes("\uFEFFid,card,user,amount,time,fraud\r\n" + string.Concat(Enumerable.Range(0, 3_000).Select(i => $"\"t\"\"{i}\",c{i},\"u\r\n{i}\",{i}.{i % 100:D2},1970-01-01 00:00:{i % 60:D2},{i % 2}\r\n")));
        using var stream = new ChunkStream(file, chunk);
        using var reader = new EventFileReader(stream, EventFileMap.Parse(new StringReader(Map), "map"), EventFileFormat.Csv, "file");

        for (var i = 0; i < 3_000; i++)
        {
            Assert.True(reader.Read(out var row));
            Assert.Equal((2L + (2 * i), $"t\"{i}", $"c{i}", $"u\r\n{i}", (i * 10_000L) + (i % 100 * 100), i % 60 * 1_000_000L, (bool?)(i % 2 == 1)), Shown(row));
        }

        Assert.False(reader.Read(out _));
    }

    private static List<EventFileRow> Read(string csv) => Read(Encoding.UTF8.GetBytes(csv), Map, EventFileFormat.Csv);

    private static List<EventFileRow> Read(byte[] file, string map, EventFileFormat format)
    {
        using var stream = new MemoryStream(file);
        using var reader = new EventFileReader(stream, EventFileMap.Parse(new StringReader(map), "map.yaml"), format, "file.csv");
        var rows = new List<EventFileRow>();
        while (reader.Read(out var row))
            rows.Add(row.Error is null ? row with { Transaction = Copy(row.Transaction) } : row);
        return rows;
    }

    // The reader reuses its buffer, so what a list keeps must be its own.
    private static Transaction Copy(Transaction transaction)
    {
        var copy = new Transaction([.. transaction.Payload]) { AmountUnits = transaction.AmountUnits, EventTimeMicros = transaction.EventTimeMicros };
        foreach (var field in Enum.GetValues<TransactionField>())
        {
            if (transaction.Has(field))
                copy.SetField(field, (int)System.Runtime.CompilerServices.Unsafe.ByteOffset(ref transaction.Payload[0], ref System.Runtime.InteropServices.MemoryMarshal.GetReference(transaction.Field(field))), transaction.Field(field).Length);
        }

        return copy;
    }

    private static (long Line, string Id, string Card, string User, long Units, long Time, bool? IsFraud) Shown(EventFileRow row) =>
        (row.Line, Text(row, TransactionField.TransactionId), Text(row, TransactionField.CardId), Encoding.UTF8.GetString(row.Transaction.UserId), row.Transaction.AmountUnits, row.Transaction.EventTimeMicros, row.IsFraud);

    private static string Text(EventFileRow row, TransactionField field) => Encoding.UTF8.GetString(row.Transaction.Field(field));

    private sealed class ChunkStream(byte[] content, int chunk) : MemoryStream(content)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, chunk));
    }
}
