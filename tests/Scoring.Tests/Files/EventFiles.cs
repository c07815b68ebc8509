using System.Text;
using Scoring.Models.Files;
using Scoring.Models.Wire;

namespace Scoring.Tests.Files;

/// <summary>Reads files of events as the commands do, from memory.</summary>
internal static class EventFiles
{
    /// <summary>A map of the columns that most tests have, and more lines.</summary>
    public static string Map(string more = "") => $"columns: {{ transactionId: id, cardId: card, amount: amount, eventTime: time }}\n{more}";

    public static EventFileMap Parse(string map) => EventFileMap.Parse(new StringReader(map), "map.yaml");

    public static ReadFile Read(string name, string content, string map, params (string Name, string Content)[] beside) =>
        Read(name, Encoding.UTF8.GetBytes(content), map, [.. beside.Select(b => (b.Name, Encoding.UTF8.GetBytes(b.Content)))]);

    public static ReadFile Read(string name, byte[] content, string map, params (string Name, byte[] Content)[] beside)
    {
        using var file = new MemoryStream(content);
        using var reader = EventFileReader.Open(file, Parse(map), name, second => new MemoryStream(beside.First(b => b.Name == second).Content));
        var rows = new List<ReadRow>();
        while (reader.Read(out var row))
            rows.Add(ReadRow.Of(row));
        return new ReadFile(rows, reader.Notes, reader.RowsLeftOut, reader.WhyNoEvents);
    }

    /// <summary>Reads one amount of a file, or what is wrong with it.</summary>
    public static string Amount(string text, string how = "amount", string currency = "EUR")
    {
        var map = $"columns: {{ transactionId: id, cardId: card, amount: {how}, currency: currency, eventTime: time }}";
        var row = Read("x.csv", $"id|card|amount|currency|time\nt|c|{text}|{currency}|2026-03-01T12:00:00Z\n", $"{map}\ndelimiter: '|'").Rows.Single();
        return row.Error ?? row.Units.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}

internal sealed record ReadFile(IReadOnlyList<ReadRow> Rows, IReadOnlyList<string> Notes, long LeftOut, string? WhyNoEvents)
{
    public IReadOnlyList<ReadRow> Good => [.. Rows.Where(r => r.Error is null)];

    public IReadOnlyList<string> Errors => [.. Rows.Where(r => r.Error is not null).Select(r => $"{r.Line}: {r.Error}")];
}

/// <summary>A row as it was when it was read; the reader reuses what it stands in.</summary>
internal sealed record ReadRow(long Line, string? Error, IReadOnlyDictionary<TransactionField, string> Texts, long Units, long Micros, bool? IsFraud)
{
    public static ReadRow Of(EventFileRow row)
    {
        var transaction = row.Transaction;
        var texts = row.Error is null
            ? Enum.GetValues<TransactionField>().Where(f => transaction.Has(f)).ToDictionary(f => f, f => Encoding.UTF8.GetString(transaction.Field(f)))
            : [];
        return new ReadRow(row.Line, row.Error, texts, transaction.AmountUnits, transaction.EventTimeMicros, row.IsFraud);
    }

    public string Id => Text(TransactionField.TransactionId);

    public string Card => Text(TransactionField.CardId);

    public decimal Amount => (decimal)Units / Money.UnitsPerOne;

    public string Time => EventTime.Format(Micros);

    public string Text(TransactionField field) => Texts.GetValueOrDefault(field, "");
}
