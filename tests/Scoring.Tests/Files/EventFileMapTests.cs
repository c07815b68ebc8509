using Scoring.Models.Files;

namespace Scoring.Tests.Files;

public sealed class EventFileMapTests
{
    [Fact]
    public void Every_error_of_a_map_is_told_at_once_with_its_line() => Refused(
        """
        columns:
          transactionId: A
          shoe: B
          amount: { column: C, type: euros }
        timeFormat: "yy/MM"
        timeZone: Mars/Base
        labelDelay: soon
        delimiter: ab
        quote: x
        encoding: klingon
        labels: { file: x.csv }
        colour: red
        """,
        "map.yaml:2: columns: 'cardId' is missing",
        "map.yaml:2: columns: 'eventTime' is missing",
        "map.yaml:3: columns: field 'shoe' is unknown; the fields are",
        "map.yaml:4: columns: amount: type 'euros' must be decimal, cents (hundredths) or minor",
        "map.yaml:5: map: timeFormat 'yy/MM' needs a year",
        "map.yaml:6: map: time zone 'Mars/Base'",
        "map.yaml:7: map: labelDelay: 'soon'",
        "map.yaml:8: map: delimiter 'ab'",
        "map.yaml:9: map: quote 'x'",
        "map.yaml:10: map: encoding 'klingon' can't be read; write utf-8, utf-16",
        "map.yaml:11: labels: 'id' is missing",
        "map.yaml:12: map: unknown key 'colour'; the keys are");

    [Fact]
    public void A_name_that_is_nearly_right_is_refused_with_the_right_one() => Refused(
        """
        columns: { transactionID: a, cardId: { colum: b }, amount: { column: c, thousand: "," }, eventtime: d, merchant_id: e }
        timeformat: epoch_s
        where: { status: { no: x } }
        """,
        "map.yaml:1: columns: field 'transactionID' is unknown; did you mean 'transactionId'?",
        "map.yaml:1: columns: cardId: unknown key 'colum'; did you mean 'column'?",
        "map.yaml:1: columns: cardId: says nothing of where it comes from",
        "map.yaml:1: columns: amount: unknown key 'thousand'; did you mean 'thousands'?",
        "map.yaml:1: columns: field 'eventtime' is unknown; did you mean 'eventTime'?",
        "map.yaml:1: columns: field 'merchant_id' is unknown; did you mean 'merchantId'?",
        "map.yaml:1: columns: 'transactionId' is missing",
        "map.yaml:1: columns: 'eventTime' is missing",
        "map.yaml:2: map: unknown key 'timeformat'; did you mean 'timeFormat'?",
        "map.yaml:3: where: status: unknown key 'no'; did you mean 'not'?");

    [Theory]
    [InlineData("cardId: { column: b, columns: [b, c] }", "columns: cardId: column and columns can't both be right")]
    [InlineData("cardId: { line: yes }", "columns: cardId: line must be true, or left out")]
    [InlineData("cardId: []", "columns: 'cardId' must be one value")]
    [InlineData("cardId: { columns: [] }", "columns: cardId: 'columns' must be a value or a list of values")]
    [InlineData("cardId: { column: b, strip: é }", "columns: cardId: strip 'é' must be ASCII")]
    [InlineData("cardId: { column: b, type: money }", "columns: cardId: type 'money' must be text")]
    [InlineData("label: { column: b, negative: [no] }", "columns: label: negative is given and positive is not")]
    [InlineData("amount: { column: c, decimal: ';' }", "columns: amount: decimal ';' must be")]
    [InlineData("amount: { column: c, thousands: '.' }", "columns: amount: thousands and decimal are both '.'")]
    [InlineData("amount: { column: c, thousands: 'x' }", "columns: amount: thousands 'x' must be one character")]
    [InlineData("amount: { column: c, sign: '-' }", "columns: amount: sign '-' holds a digit, a minus")]
    [InlineData("amount: { column: c, type: minor }", "columns: amount: type minor needs the currency")]
    [InlineData("amount: { column: c, exponents: { EURO: 2 } }", "columns: amount: exponents: 'EURO' is no currency")]
    [InlineData("amount: { column: c, exponents: { EUR: 5 } }", "columns: amount: exponents: EUR '5' must be a whole number from 0 to 4")]
    [InlineData("amount: { column: c, negative: {} }", "columns: amount: negative: names no column")]
    public void A_field_that_can_not_be_meant_is_refused(string field, string error) =>
        Assert.Contains(error, Error($"columns: {{ transactionId: a, eventTime: d, {field}{(field.StartsWith("cardId", StringComparison.Ordinal) ? "" : ", cardId: b")}{(field.StartsWith("amount", StringComparison.Ordinal) ? "" : ", amount: c")} }}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("timeFormat: { step: 1w, from: 2026-01-01 }", "timeFormat: step: '1w'")]
    [InlineData("timeFormat: { step: 0s, from: 2026-01-01 }", "timeFormat: step must be longer than 0")]
    [InlineData("timeFormat: { from: 2026-01-01 }", "timeFormat: 'step' is missing")]
    [InlineData("timeFormat: { step: 1h }", "timeFormat: 'from' is missing")]
    [InlineData("timeFormat: { step: 1h, from: noon }", "timeFormat: from 'noon' is not written as yyyy-MM-ddTHH:mm:ss")]
    [InlineData("timeFormat: { step: 1h, from: 1950-01-01 }", "timeFormat: from '1950-01-01' lies outside the years 1970 to 9999")]
    [InlineData("timeFormat: []", "map: 'timeFormat' must be one value")]
    [InlineData("where: { a: { gt: many } }", "where: a: gt 'many' must be a number")]
    [InlineData("where: { a: {} }", "where: a: says nothing")]
    [InlineData("where: { a: [] }", "where: a must be a value or a list of values")]
    [InlineData("where: x", "where must be a mapping")]
    [InlineData("labels: { id: a }", "labels: 'file' is missing")]
    [InlineData("labels: { file: l.csv, id: a, property: p }", "labels: property is for a .json file")]
    [InlineData("labels: { file: l.json, id: a }", "labels: a .json file is one object")]
    [InlineData("quote: ','", "map: quote and delimiter are both ','")]
    [InlineData("encoding: utf-7", "map: encoding 'utf-7' can't be read")]
    [InlineData("encoding: shift_jis", "iconv -f shift_jis -t utf-8")]
    [InlineData("encoding: utf-32", "map: encoding 'utf-32' can't be read")]
    public void A_line_that_can_not_be_meant_is_refused(string line, string error) => Assert.Contains(error, Error(EventFiles.Map(line)), StringComparison.Ordinal);

    [Fact]
    public void Labels_of_a_column_and_of_a_second_file_are_one_too_many() =>
        Assert.Contains("labels: columns names a label too", Error("columns: { transactionId: a, cardId: b, amount: c, eventTime: d, label: e }\nlabels: { file: l.csv, id: a }"), StringComparison.Ordinal);

    [Fact]
    public void A_column_is_read_once_whatever_is_made_of_it()
    {
        var map = EventFiles.Parse("columns: { transactionId: { columns: [a, b] }, cardId: b, merchantId: c, terminalId: c, amount: d, eventTime: e }\nwhere: { c: x, f: y }");

        Assert.Equal(["a", "b", "c", "d", "e", "f"], map.Columns);
        Assert.Equal(["a", "b", "c", "d", "e", "f", "g"], map.WithLabel("g", null).Columns);
        Assert.Equal(["a", "b", "c", "d", "e", "f"], map.WithLabel("a", TimeSpan.FromDays(1)).Columns);
    }

    private static void Refused(string map, params string[] expected)
    {
        var lines = Error(map).Split('\n');
        Assert.True(expected.Length == lines.Length, string.Join('\n', lines));
        Assert.All(expected.Zip(lines), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
    }

    private static string Error(string map) => Assert.Throws<EventFileException>(() => EventFiles.Parse(map)).Message;
}
