using Scoring.Models.Wire;

namespace Scoring.Models.Files;

/// <summary>What of a row becomes what of an event. Columns are named by their index in <see cref="Columns"/>.</summary>
internal sealed record RowLayout
{
    /// <summary>The names of the columns that are read, each once.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>What each text field is made of.</summary>
    public required IReadOnlyDictionary<TransactionField, TextSource> Texts { get; init; }

    /// <summary>The amount's column.</summary>
    public required int AmountColumn { get; init; }

    /// <summary>How amounts are written.</summary>
    public required AmountFormat Amount { get; init; }

    /// <summary>Which rows' amounts are negative, though they are not written so; null where none are.</summary>
    public RowCondition? Negative { get; init; }

    /// <summary>What the event's time is made of.</summary>
    public required TextSource Time { get; init; }

    /// <summary>How times are written.</summary>
    public required EventTimeFormat TimeFormat { get; init; }

    /// <summary>The label's column; null where the file has none.</summary>
    public int? LabelColumn { get; init; }

    /// <summary>How labels are written.</summary>
    public required LabelFormat Label { get; init; }

    /// <summary>What the second file with the labels is like; null where there is none.</summary>
    public LabelFileMap? Labels { get; init; }

    /// <summary>Which rows are read; null for all.</summary>
    public RowCondition? Where { get; init; }

    /// <summary>The same with the label of a column, in place of a second file.</summary>
    public RowLayout WithLabel(string column)
    {
        List<string> columns = [.. Columns];
        if (!columns.Contains(column))
            columns.Add(column);
        return this with { Columns = columns, LabelColumn = columns.IndexOf(column), Labels = null };
    }
}

/// <summary>What a second file is like that holds the labels of a first.</summary>
/// <param name="File">Its name, beside the first.</param>
/// <param name="Id">The column of the transaction's id; null for a JSON object whose names are the ids.</param>
/// <param name="Label">The label's column; null where every id that it lists is fraud.</param>
/// <param name="Property">Of a JSON file, the property that holds the object; null where that is the whole file.</param>
/// <param name="Format">How labels are written.</param>
internal sealed record LabelFileMap(string File, string? Id, string? Label, string? Property, LabelFormat Format);
