using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>
/// Makes a transaction of a row's values, or says everything that is wrong with them. Whether what was put together is an event,
/// <see cref="EventRules"/> decides.
/// </summary>
internal sealed class RowComposer
{
    private readonly RowLayout layout;
    private readonly RowSlices row;
    private readonly byte[] buffer;
    private readonly EventRules rules;
    private readonly LabelSet? labels;
    private readonly EventTimeFormat times;
    private readonly RowTexts? composed;
    private readonly FieldSource[] fields;

    /// <summary>Makes a composer.</summary>
    /// <param name="layout">What of a row becomes what of an event.</param>
    /// <param name="row">The row's values, which the reader sets.</param>
    /// <param name="buffer">Where they stand.</param>
    /// <param name="rules">What an event may be.</param>
    /// <param name="labels">The labels of a second file; null where there is none.</param>
    public RowComposer(RowLayout layout, RowSlices row, byte[] buffer, EventRules rules, LabelSet? labels)
    {
        (this.layout, this.row, this.buffer, this.rules, this.labels) = (layout, row, buffer, rules, labels);
        times = layout.TimeFormat.Clone();
        Warnings = new RowWarnings(layout.Texts.Keys);
        fields = [.. layout.Texts.OrderBy(t => t.Key).Select(t => new FieldSource(t.Key, TransactionDecoder.NameOf(t.Key), t.Value))];
        // A transaction's fields are slices of one payload: of the row's own bytes only if none is put together.
        if (!layout.Time.IsPlain || fields.Any(f => !f.Source.IsPlain))
            composed = new RowTexts(layout.Columns);
    }

    /// <summary>What seems odd about the rows so far, though they are events.</summary>
    public RowWarnings Warnings { get; }

    /// <summary>Makes the transaction of a row.</summary>
    /// <param name="line">The line on which it begins.</param>
    /// <param name="result">The transaction, or what is wrong with the row.</param>
    /// <returns>False if the map leaves the row out.</returns>
    public bool TryCompose(long line, out EventFileRow result)
    {
        var isChosen = true;
        if (layout.Where?.Test(row, out isChosen) is { } unclear)
        {
            result = new EventFileRow(line, unclear, default, null);
            return true;
        }

        result = isChosen ? Compose(line) : default;
        return isChosen;
    }

    private EventFileRow Compose(long line)
    {
        var errors = default(FieldErrors);
        composed?.Clear();
        var transaction = new Transaction(composed?.Payload ?? buffer);
        foreach (ref readonly var field in fields.AsSpan())
        {
            if (Slice(field.Source, line, out var slice) is { } wrong)
                errors.Add(field.Name, RejectReason.InvalidText, wrong);
            else
                transaction.SetField(field.Field, slice.Offset, slice.Length);
        }

        var wrongAmount = ReadAmount(ref transaction);
        var wrongTime = ReadTime(line, ref transaction);
        rules.Check(transaction, isLabel: false, ref errors);
        // In this order people read them; what the rules say of a value that was not read is not about it.
        if (wrongAmount is not null)
            errors.Add("amount", RejectReason.WrongType, wrongAmount);
        if (wrongTime is not null)
            errors.Add("eventTime", RejectReason.UnreadableTime, wrongTime);
        if (ReadLabel(transaction, out var isFraud) is { } wrongLabel)
            errors.Add("label", RejectReason.WrongType, wrongLabel);
        if (errors.ToRejection() is { } rejection)
            return new EventFileRow(line, rejection.Detail, default, null);
        Warnings.Look(line, transaction);
        return new EventFileRow(line, null, transaction, isFraud);
    }

    private string? Slice(TextSource source, long line, out (int Offset, int Length) slice)
    {
        if (composed is not null)
            return composed.Append(source, line, row, out slice);
        slice = row[source.Columns[0]];
        return null;
    }

    private string? ReadAmount(ref Transaction transaction)
    {
        var text = row.Trimmed(layout.AmountColumn);
        var isNegative = false;
        if (layout.Negative?.Test(row, out isNegative) is { } unclear)
            return unclear;
        if (text.IsEmpty)
            return "is missing";
        if (layout.Amount.Read(text, transaction.Field(TransactionField.Currency), out var units) is { } wrong)
            return $"'{ShownText.Of(text)}' {wrong}";
        transaction.AmountUnits = isNegative ? -Math.Abs(units) : units;
        return null;
    }

    private string? ReadTime(long line, ref Transaction transaction)
    {
        if (Slice(layout.Time, line, out var slice) is { } unmade)
            return unmade;
        var text = transaction.Payload.AsSpan(slice.Offset, slice.Length).Trim((byte)' ');
        if (text.IsEmpty)
            return "is missing";
        if (times.Read(text, out var micros) is { } wrong)
            return $"'{ShownText.Of(text)}' {wrong}";
        transaction.EventTimeMicros = micros;
        return null;
    }

    private string? ReadLabel(in Transaction transaction, out bool? isFraud)
    {
        isFraud = labels?.Find(transaction.TransactionId);
        if (layout.LabelColumn is not { } column)
            return null;
        var text = row.Trimmed(column);
        return layout.Label.Read(text, out isFraud) is { } wrong ? $"'{ShownText.Of(text)}' {wrong}" : null;
    }

    private readonly record struct FieldSource(TransactionField Field, string Name, TextSource Source);
}
