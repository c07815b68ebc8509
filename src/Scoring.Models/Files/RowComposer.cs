using System.Buffers.Text;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>Makes a transaction of a row's values, or says everything that is wrong with them.</summary>
internal sealed class RowComposer(EventFileMap map, byte[] buffer)
{
    // Units of a currency unit's hundredth.
    private const long UnitsPerCent = Money.UnitsPerOne / 100;
    private const int ShownBytes = 40;

    private static readonly TransactionField[] Fields = Enum.GetValues<TransactionField>();

    private readonly EventTimeFormat times = map.TimeFormat.Clone();

    public EventFileRow Compose(long line, RowSlices slices)
    {
        var transaction = new Transaction(buffer);
        foreach (var field in Fields)
        {
            var (offset, length) = slices[(int)field];
            if (length > 0)
                transaction.SetField(field, offset, length);
        }

        string? error = null;
        if (!transaction.Has(TransactionField.TransactionId))
            Note(ref error, "transactionId is empty");
        if (!transaction.Has(TransactionField.CardId))
            Note(ref error, "cardId is empty");
        if (TryReadAmount(Text(slices, RowSlices.Amount), out var units))
            transaction.AmountUnits = units;
        else
            Note(ref error, Wrong("amount", slices, RowSlices.Amount, map.AmountUnit == AmountUnit.Cents ? "a whole number of hundredths" : "a decimal number such as 12.34, at most 100 billion"));
        if (times.TryRead(Text(slices, RowSlices.Time), out var micros))
            transaction.EventTimeMicros = micros;
        else
            Note(ref error, Wrong("eventTime", slices, RowSlices.Time, $"a time as {map.TimeFormat.Pattern}"));
        if (!TryReadLabel(Text(slices, RowSlices.Label), out var isFraud))
            Note(ref error, Wrong("label", slices, RowSlices.Label, "0, 1, true or false"));
        return error is null ? new EventFileRow(line, null, transaction, isFraud) : new EventFileRow(line, error, default, null);
    }

    private static void Note(ref string? error, string text) => error = error is null ? text : $"{error}; {text}";

    private ReadOnlySpan<byte> Text(RowSlices slices, int column) =>
        buffer.AsSpan(slices[column].Offset, slices[column].Length).Trim((byte)' ');

    private string Wrong(string field, RowSlices slices, int column, string right)
    {
        var text = Text(slices, column);
        if (text.IsEmpty)
            return $"{field} is empty";
        var shown = Encoding.UTF8.GetString(text[..Math.Min(text.Length, ShownBytes)]);
        return $"{field} '{shown}' is not {right}";
    }

    private bool TryReadAmount(ReadOnlySpan<byte> text, out long units)
    {
        if (map.AmountUnit == AmountUnit.CurrencyUnit)
            return Money.TryParse(text, out units);
        var isRead = Utf8Parser.TryParse(text, out units, out var used) && used == text.Length && Int128.Abs(units) <= Money.MaxUnits / UnitsPerCent;
        units *= isRead ? UnitsPerCent : 0;
        return isRead;
    }

    private static bool TryReadLabel(ReadOnlySpan<byte> text, out bool? isFraud)
    {
        isFraud = null;
        if (text.IsEmpty)
            return true;
        if (text is [(byte)'0'] || text.SequenceEqual("0.0"u8) || Ascii.EqualsIgnoreCase(text, "false"u8))
            isFraud = false;
        else if (text is [(byte)'1'] || text.SequenceEqual("1.0"u8) || Ascii.EqualsIgnoreCase(text, "true"u8))
            isFraud = true;
        return isFraud is not null;
    }
}
