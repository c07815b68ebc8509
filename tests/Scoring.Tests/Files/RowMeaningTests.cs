using Scoring.Models.Files;
using Scoring.Models.Wire;

namespace Scoring.Tests.Files;

/// <summary>What a map makes of a row's texts, labels and conditions.</summary>
public sealed class RowMeaningTests
{
    private const string Time = "2026-03-01T12:00:00Z";

    [Fact]
    public void An_id_can_be_made_of_columns_or_of_the_line_or_be_the_same_for_all()
    {
        var read = Rows(
            "columns: { transactionId: { line: true, prefix: x- }, cardId: { columns: [a, b, c] }, userId: { columns: [a, b], separator: '|' }, currency: { value: EUR }, amount: amount, eventTime: time }",
            "a,b,c,amount,time\n1,2,3,5,T\n\n4,,6-7,5,T\n");

        Assert.Equal([("x-2", "1-2-3", "1|2", "EUR"), ("x-4", "4--6-7", "4|", "EUR")], read.Rows.Select(r => (r.Id, r.Card, r.Text(TransactionField.UserId), r.Text(TransactionField.Currency))));
    }

    [Fact]
    public void Columns_that_could_make_one_id_of_two_are_refused()
    {
        var read = Rows("columns: { transactionId: id, cardId: { columns: [a, b] }, amount: amount, eventTime: time }", "id,a,b,amount,time\nt1,1-2,3,5,T\nt2,1,2-3,5,T\n");

        Assert.Equal(["2: cardId: can't be told apart: column 'a' holds '-', which stands between the columns; choose another separator"], read.Errors);
        Assert.Equal("1-2-3", read.Good.Single().Card);
    }

    [Fact]
    public void What_is_made_of_nothing_is_missing()
    {
        var read = Rows(
            "columns: { transactionId: id, cardId: { columns: [a, b], prefix: c- }, userId: { column: a, prefix: u- }, amount: amount, eventTime: { columns: [d, time] } }",
            "id,a,b,d,amount,time\nt1,,,,5,\nt2,,b,,5,T\n");

        Assert.Equal(["2: cardId: is missing; eventTime: is missing"], read.Errors);
        Assert.Equal(("c--b", ""), (read.Good.Single().Card, read.Good.Single().Text(TransactionField.UserId)));
    }

    [Fact]
    public void Characters_around_values_are_taken_off_where_the_map_says_so()
    {
        var read = Rows("columns: { transactionId: { column: id, strip: \" '#\" }, cardId: { columns: [card, card], strip: \"'\" }, amount: amount, eventTime: time }", "id,card,amount,time\n# 't1',c'1',5,T\n");

        Assert.Equal(("t1", "c'1-c'1"), (read.Rows.Single().Id, read.Rows.Single().Card));
    }

    [Fact]
    public void One_column_serves_two_fields_in_csv_and_in_json_lines_alike()
    {
        const string map = "columns: { transactionId: id, cardId: id, merchantId: shop, terminalId: shop, amount: amount, eventTime: time }";
        var csv = Rows(map, "id,shop,amount,time\nt1,s1,5,T\n").Rows.Single();
        var json = EventFiles.Read("x.jsonl", $$"""{"id":"t1","shop":"s1","amount":5,"time":"{{Time}}"}""", map).Rows.Single();

        Assert.Equal(("t1", "s1", "s1"), (csv.Card, csv.Text(TransactionField.MerchantId), csv.Text(TransactionField.TerminalId)));
        Assert.Equal(csv.Texts, json.Texts);
    }

    [Fact]
    public void Times_of_several_columns_are_joined_by_a_space_or_as_the_map_says()
    {
        const string map = "columns: { transactionId: id, cardId: id, amount: amount, eventTime: { columns: [d, t], separator: T, prefix: '20' } }\ntimeFormat: yyyy-MM-ddTHH:mm";

        Assert.Equal("2026-03-01T12:00:00.000Z", EventFiles.Read("x.csv", "id,amount,d,t\n1,5,26-03-01,12:00\n", map).Rows.Single().Time);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("1.0", true)]
    [InlineData("TRUE", true)]
    [InlineData("Yes", true)]
    [InlineData("y", true)]
    [InlineData("0", false)]
    [InlineData("0.0", false)]
    [InlineData("False", false)]
    [InlineData("no", false)]
    [InlineData("N", false)]
    [InlineData("", null)]
    public void Labels_are_read_whatever_their_case(string text, bool? isFraud) => Assert.Equal(isFraud, Label("label", text).IsFraud);

    [Fact]
    public void Other_words_are_labels_where_the_map_names_them()
    {
        const string both = "{ column: label, positive: [Chargeback, fraud], negative: [OK] }";
        const string positive = "{ column: label, positive: Chargeback }";

        Assert.True(Label(both, "chargeback").IsFraud);
        Assert.False(Label(both, "ok").IsFraud);
        Assert.Equal("label: '1' is none of Chargeback, fraud, OK", Label(both, "1").Error);
        Assert.False(Label(positive, "anything").IsFraud);
        Assert.Null(Label(positive, "").IsFraud);
        Assert.Equal("label: 'maybe' is not 0, 1, true, false, yes or no", Label("label", "maybe").Error);
    }

    [Theory]
    [InlineData("kind: sale", "1,2")]
    [InlineData("kind: [sale, refund]", "1,2,3")]
    [InlineData("kind: ''", "4")]
    [InlineData("kind: { not: [sale, '' ] }", "3")]
    [InlineData("kind: { starts: [sa, re] }", "1,2,3")]
    [InlineData("amount: { gt: 5 }", "2,4")]
    [InlineData("amount: { ge: 5, lt: 7.5 }", "1")]
    [InlineData("amount: { le: -1 }", "3")]
    [InlineData("kind: sale, amount: { gt: 5 }", "2")]
    public void Rows_are_chosen_by_conditions(string condition, string ids)
    {
        var read = Rows($"columns: {{ transactionId: id, cardId: id, amount: amount, eventTime: time }}\nwhere: {{ {condition} }}", "id,kind,amount,time\n1,sale,5,T\n2, sale ,7.5,T\n3,refund,-1,T\n4,,8,T\n");

        Assert.Equal(ids.Split(','), read.Rows.Select(r => r.Id));
        Assert.Equal(4 - read.Rows.Count, read.LeftOut);
    }

    [Fact]
    public void A_number_that_a_condition_can_not_read_makes_the_row_bad_and_an_empty_one_leaves_it_out()
    {
        var read = Rows("columns: { transactionId: id, cardId: id, amount: amount, eventTime: time }\nwhere: { total: { gt: 0 } }", "id,total,amount,time\n1,many,5,T\n2,,5,T\n3,1e3,5,T\n");

        Assert.Equal(["2: column 'total': 'many' is not a number, which the condition on it wants"], read.Errors);
        Assert.Equal(("3", 1), (read.Good.Single().Id, read.LeftOut));
    }

    [Fact]
    public void Labels_come_from_a_second_file_by_id_in_any_of_its_forms()
    {
        var rows = $"id,amount,time\nt1,5,{Time}\nt2,5,{Time}\nt\u00e93,5,{Time}\n";
        foreach (var (labels, file, content, note) in new[]
        {
            ("{ file: l.csv, id: tx, label: verdict }", "l.csv", "verdict,other,tx\nyes,,t2\nno,,t1\n1,,gone\n", "l.csv: 3 labels, 2 of them fraud, 1 of these of rows that were read"),
            ("{ file: l.csv, id: tx }", "l.csv", "tx\nt2\n", "l.csv: 1 labels, 1 of them fraud, 1 of these of rows that were read"),
            ("{ file: l.jsonl, id: a.tx, label: v, positive: [F] }", "l.jsonl", "{\"a\":{\"tx\":\"t2\"},\"v\":\"f\"}\n{\"a\":{\"tx\":\"t1\"},\"v\":\"x\"}\n", "l.jsonl: 2 labels, 1 of them fraud, 1 of these of rows that were read"),
            ("{ file: l.json }", "l.json", "{ \"t2\": true, \"t1\": 0, \"x\": null }", "l.json: 3 labels, 1 of them fraud, 1 of these of rows that were read"),
            ("{ file: l.json, property: t }", "l.json", "{ \"s\": [{\"t2\": 0}], \"t\": { \"t\\u00322\": 1, \"t2\": \"Yes\" }, \"u\": { \"t1\": 1 } }", "l.json: 2 labels, 2 of them fraud, 1 of these of rows that were read"),
        })
        {
            var read = EventFiles.Read("x.csv", rows, $"columns: {{ transactionId: id, cardId: id, amount: amount, eventTime: time }}\nlabels: {labels}", (file, content));

            Assert.Equal([null, true, null], read.Rows.Select(r => r.IsFraud));
            Assert.Equal([note], read.Notes);
        }
    }

    [Fact]
    public void Labels_that_can_not_be_read_are_told_and_the_others_count()
    {
        var read = EventFiles.Read(
            "x.csv",
            $"id,amount,time\nt1,5,{Time}\n",
            "columns: { transactionId: id, cardId: id, amount: amount, eventTime: time }\nlabels: { file: l.csv, id: tx, label: v }",
            ("l.csv", "tx,v\nt9,perhaps\n,1\nt1,1\nt2\n"));

        Assert.True(read.Rows.Single().IsFraud);
        Assert.Equal(
            [
                "l.csv:2: left out: label 'perhaps' is not 0, 1, true, false, yes or no",
                "l.csv:3: left out: the id is empty",
                "l.csv:5: left out: 1 fields where the header has 2",
                "l.csv: 1 labels, 1 of them fraud, 1 of these of rows that were read",
            ],
            read.Notes);
    }

    [Theory]
    [InlineData("{ file: l.json }", "l.json", "[1]", "l.json: is not one JSON object")]
    [InlineData("{ file: l.json }", "l.json", "{ \"a\": 1", "l.json:1: not valid JSON at byte")]
    [InlineData("{ file: l.json, property: p }", "l.json", "{ \"q\": {} }", "l.json: has no property 'p' that is an object")]
    [InlineData("{ file: l.json, property: p }", "l.json", "{ \"p\": [] }", "l.json: has no property 'p' that is an object")]
    [InlineData("{ file: l.json }", "l.json", "{ \"a\": {} }", "l.json: 'a' is an object or a list; it must be one value")]
    [InlineData("{ file: l.csv, id: tx }", "l.csv", "TX\n1\n", "l.csv:1: the map names column 'tx'; did you mean 'TX'?; the header has TX")]
    [InlineData("{ file: l.csv.gz, id: tx }", "l.csv.gz", "tx\n1\n", "l.csv.gz: is not gzip")]
    public void A_second_file_that_is_something_else_is_refused_by_name(string labels, string file, string content, string error)
    {
        var map = $"columns: {{ transactionId: id, cardId: id, amount: amount, eventTime: time }}\nlabels: {labels}";

        Assert.StartsWith(error, Assert.Throws<EventFileException>(() => EventFiles.Read("x.csv", "id,amount,time\n", map, (file, content))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_object_of_labels_is_read_in_pieces()
    {
        var labels = string.Join(",\n", Enumerable.Range(0, 30_000).Select(i => $"  \"{i}\": \"{(i % 1000 == 7 ? "Yes" : "No")}\""));
        var read = EventFiles.Read(
            "x.csv",
            $"id,amount,time\n29007,5,{Time}\n29008,5,{Time}\n",
            "columns: { transactionId: id, cardId: id, amount: amount, eventTime: time }\nlabels: { file: l.json, property: target }",
            ("l.json", $"{{ \"target\": {{\n{labels}\n}} }}"));

        Assert.Equal([true, null], read.Rows.Select(r => r.IsFraud));
        Assert.Equal(["l.json: 30,000 labels, 30 of them fraud, 1 of these of rows that were read"], read.Notes);
    }

    [Fact]
    public void Ids_that_a_spreadsheet_rounded_are_noted_once_a_field()
    {
        var read = Rows(
            "columns: { transactionId: id, cardId: card, merchantId: shop, amount: amount, eventTime: time }",
            "id,card,shop,amount,time\nt1,2.29E+15,1e5,5,T\nt2,2.29116e+15,12E4567,5,T\n3,6.3E15,7e,5,T\n1E+05,c,e5,5,T\n");

        Assert.Equal(4, read.Good.Count);
        Assert.Equal(
            [
                "transactionId is in scientific notation in line 5, '1E+05' (1 such row): a spreadsheet rounded it, so different ids have become one; export the column as text",
                "cardId is in scientific notation in line 2, '2.29E+15' (3 such rows): a spreadsheet rounded it, so different ids have become one; export the column as text",
            ],
            read.Notes);
    }

    [Fact]
    public void Rows_that_go_back_in_time_are_noted()
    {
        var read = EventFiles.Read(
            "x.csv",
            "id,card,amount,time\n1,c,5,2026-03-05\n2,c,5,2026-03-04\n3,c,5,2026-03-03T23:00:00\n4,c,5,2026-03-01\n",
            EventFiles.Map());

        Assert.Equal(["line 4 is more than a day older than line 2 before it (2 such rows): windows and labels want the order of time; sort the file by it"], read.Notes);
    }

    private static ReadRow Label(string how, string text) =>
        Rows($"columns: {{ transactionId: id, cardId: id, amount: amount, eventTime: time, label: {how} }}", $"id,amount,time,label\nt1,5,T,{text}\n").Rows.Single();

    private static ReadFile Rows(string map, string csv) => EventFiles.Read("x.csv", csv.Replace(",T\n", $",{Time}\n", StringComparison.Ordinal).Replace(",T,", $",{Time},", StringComparison.Ordinal), map);
}
