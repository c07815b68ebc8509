using System.Globalization;

namespace Scoring.Models.Files;

/// <summary>
/// The ids that a second file labels as fraud. Only they are kept: an event without a label counts as none, and one labelled as none
/// does too.
/// </summary>
internal sealed class LabelSet
{
    /// <summary>Frauds at most; a file with more is refused.</summary>
    public const int MaxFrauds = 5_000_000;

    private const int ReportedErrors = 10;

    private readonly Dictionary<byte[], bool> frauds = new(ByteTexts.Instance);
    private readonly Dictionary<byte[], bool>.AlternateLookup<ReadOnlySpan<byte>> lookup;
    private readonly List<string> errors = [];
    private readonly LabelFormat format;
    private readonly string name;
    private long read;
    private long bad;
    private long found;

    private LabelSet(LabelFormat format, string name)
    {
        this.format = format;
        this.name = name;
        lookup = frauds.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Reads the second file.</summary>
    /// <param name="file">The file, as it is on the disk; it stays open.</param>
    /// <param name="map">What it is like.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="EventFileException">It can't be read as such a file, or holds too many frauds.</exception>
    public static LabelSet Read(Stream file, LabelFileMap map, string name)
    {
        var labels = new LabelSet(map.Format, name);
        if (FileContent.IsJson(name))
        {
            using var content = FileContent.Open(file, name, FileEncoding.Utf8);
            JsonPairs.Read(content, map.Property, name, (id, label) => labels.Take(0, id, label));
        }
        else
        {
            labels.ReadRows(file, map);
        }

        return labels;
    }

    /// <summary>Finds the label of a transaction.</summary>
    /// <returns>True for fraud, null for anything else.</returns>
    public bool? Find(ReadOnlySpan<byte> transactionId)
    {
        if (!lookup.TryGetValue(transactionId, out var wasFound))
            return null;
        if (!wasFound)
        {
            lookup[transactionId] = true;
            found++;
        }

        return true;
    }

    /// <summary>What was odd about the file, and how much of it belonged to rows; one sentence each.</summary>
    public IEnumerable<string> Sentences()
    {
        foreach (var error in errors)
            yield return error;
        if (bad > errors.Count)
            yield return string.Create(CultureInfo.InvariantCulture, $"{name}: {bad:N0} labels in all could not be read");
        yield return string.Create(CultureInfo.InvariantCulture, $"{name}: {read:N0} labels, {frauds.Count:N0} of them fraud, {found:N0} of these of rows that were read");
    }

    private void ReadRows(Stream file, LabelFileMap map)
    {
        List<string> columns = map.Label is null ? [map.Id!] : [map.Id!, map.Label];
        using var rows = RowReader.Open(file, columns, new TextLayout((byte)',', (byte)'"', FileEncoding.Utf8), name);
        while (rows.Read(out var line, out var error))
        {
            if (error is not null)
                Refuse(line, default, error);
            else if (map.Label is null)
                Add(line, rows.Row.Text(0));
            else
                Take(line, rows.Row.Text(0), rows.Row.Trimmed(1));
        }
    }

    // The line is 0 where the file has none that would tell anything.
    private void Take(long line, ReadOnlySpan<byte> id, ReadOnlySpan<byte> label)
    {
        if (format.Read(label, out var isFraud) is { } wrong)
            Refuse(line, id, $"label '{ShownText.Of(label)}' {wrong}");
        else if (isFraud == true)
            Add(line, id);
        else
            read++;
    }

    private void Refuse(long line, ReadOnlySpan<byte> id, string error)
    {
        if (++bad <= ReportedErrors)
            errors.Add($"{name}:{(line > 0 ? line : ShownText.Of(id))}: left out: {error}");
    }

    private void Add(long line, ReadOnlySpan<byte> id)
    {
        if (id.IsEmpty)
        {
            Refuse(line, id, "the id is empty");
            return;
        }

        if (frauds.Count == MaxFrauds && !lookup.ContainsKey(id))
            throw new EventFileException($"{name}: labels more than {MaxFrauds:N0} transactions as fraud, which are kept in memory; put the labels into a column of the events");
        read++;
        lookup[id] = false;
    }
}
