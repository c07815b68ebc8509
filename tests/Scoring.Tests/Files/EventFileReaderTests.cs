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
        Assert.Equal("transactionId is empty; amount 'ten' is not a decimal number such as 12.34, at most 100 billion; eventTime '1970-13-01 00:00:00' is not a time as yyyy-MM-dd HH:mm:ss; label 'maybe' is not 0, 1, true or false", rows[0].Error);
        Assert.Equal("4 fields where the header has 6", rows[1].Error);
        Assert.Contains("text follows a closing quote", rows[2].Error, StringComparison.Ordinal);
        Assert.Contains("amount '1e20'", rows[3].Error, StringComparison.Ordinal);
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

    [Fact]
    public void Text_that_is_not_utf8_is_a_bad_row()
    {
        byte[] file = [.. Encoding.UTF8.GetBytes("id,card,user,amount,time,fraud\nt1,"), 0xFF, .. Encoding.UTF8.GetBytes(",u,1,1970-01-01 00:00:00,0\n")];

        Assert.Equal("not valid UTF-8", Read(file, Map, EventFileFormat.Csv).Single().Error);
    }

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
        Assert.Equal("card is an object or a list; it must be one value", rows[2].Error);
        Assert.Equal([4L, 5, 6, 7], rows.Skip(2).Select(r => r.Line));
        Assert.All(rows.Skip(2), r => Assert.NotNull(r.Error));
    }

    [Fact]
    public void Hostile_bytes_never_stop_the_reader()
    {
        var random = new Random(11);
        for (var i = 0; i < 2_000; i++)
        {
            var noise = new byte[random.Next(400)];
            random.NextBytes(noise);
            for (var k = 0; k < noise.Length; k++)
                noise[k] = random.Next(3) == 0 ? (byte)"\",\n\r{}:0"[random.Next(8)] : noise[k];
            byte[] file = [.. Encoding.UTF8.GetBytes("id,card,user,amount,time,fraud\n"), .. noise, .. Encoding.UTF8.GetBytes("\nlast,c,u,1,1970-01-01 00:00:00,0\n")];

            var rows = Read(file, Map, EventFileFormat.Csv);
            Assert.True(rows[^1].Error is null && Text(rows[^1], TransactionField.TransactionId) == "last", $"stream {i}: {rows[^1].Error}");
            Read(noise, Map, EventFileFormat.JsonLines);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void The_rows_do_not_depend_on_how_the_stream_is_cut(int chunk)
    {
        var file = Encoding.UTF8.GetBytes("\uFEFFid,card,user,amount,time,fraud\r\n" + string.Concat(Enumerable.Range(0, 3_000).Select(i => $"\"t\"\"{i}\",c{i},\"u\r\n{i}\",{i}.{i % 100:D2},1970-01-01 00:00:{i % 60:D2},{i % 2}\r\n")));
        using var stream = new ChunkStream(file, chunk);
        var reader = new EventFileReader(stream, EventFileMap.Parse(new StringReader(Map), "map"), EventFileFormat.Csv, "file");

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
        var reader = new EventFileReader(stream, EventFileMap.Parse(new StringReader(map), "map.yaml"), format, "file.csv");
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
