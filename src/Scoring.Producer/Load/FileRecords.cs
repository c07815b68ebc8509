using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Scoring.Models.Files;
using Scoring.Models.Wire;
using Scoring.Producer.Collect;

namespace Scoring.Producer.Load;

/// <summary>
/// Records of a file's rows, in its order, with the labels of its fraud when the map says that they become
/// known. Rows that are no events are left out, counted and remembered by their first.
/// </summary>
public sealed class FileRecords : IRecordSource
{
    /// <summary>Labels that wait to become known at most; a file and a delay that need more are refused.</summary>
    public const int MaxPendingLabels = 1_000_000;

    private static readonly TransactionField[] Fields = Enum.GetValues<TransactionField>();

    private readonly Stream file;
    // No feature set is known here; an hour is what feature sets allow as a rule.
    private static readonly TimeSpan Tolerance = TimeSpan.FromHours(1);

    private readonly EventFileReader reader;
    private readonly RowsAhead rows;
    private readonly EventFileMap map;
    private readonly string sourceName;
    private readonly TransactionDecoder decoder = new(new DecodeLimits());
    private readonly ArrayBufferWriter<byte> buffer = new(1_024);
    private readonly Utf8JsonWriter json;
    private readonly PriorityQueue<PendingLabel, (long Due, long Order)> labels = new();
    private EventFileRow row;
    private bool hasRow;
    private bool isAhead;
    private bool isAtEnd;
    private long refused;
    private string? firstRefused;
    private PendingLabel label;
    private long order;

    /// <summary>Opens a file; its name says how it is written: .csv, .jsonl or .ndjson, each also with .gz.</summary>
    /// <param name="path">The file.</param>
    /// <param name="map">How its columns become events.</param>
    /// <exception cref="EventFileException">The file's header lacks mapped columns.</exception>
    public FileRecords(string path, EventFileMap map)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(map);
        this.map = map;
        sourceName = Path.GetFileName(path);
        json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        file = File.OpenRead(path);
        try
        {
            reader = EventFileReader.Open(file, map, sourceName, name => File.OpenRead(Path.Combine(Path.GetDirectoryName(path) ?? "", name)));
            rows = new RowsAhead(reader, Tolerance);
        }
        catch
        {
            json.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>What is odd about the rows so far, though they are events; one sentence each.</summary>
    public IReadOnlyList<string> Notes => reader.Notes;

    /// <inheritdoc/>
    public SourceKind Kind { get; private set; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Key => Kind == SourceKind.Label ? label.Key : row.Transaction.UserId;

    /// <inheritdoc/>
    public TransactionIdentity Identity => new(row.Transaction.UserId, row.Transaction.CardId, row.Transaction.TransactionId);

    /// <inheritdoc/>
    public bool IsFraud => row.IsFraud == true;

    /// <inheritdoc/>
    public bool IsRefused { get; private set; }

    /// <summary>The rows so far that are no transactions.</summary>
    public long BadRows => reader.BadRows;

    /// <inheritdoc/>
    public string? Problem
    {
        get
        {
            if (isAtEnd && reader.WhyNoEvents is { } why)
                return $"{sourceName} {why}";
            if (isAtEnd && refused == reader.Events)
                return string.Create(CultureInfo.InvariantCulture, $"the service can score none of the {refused:N0} transactions of {sourceName}; the first: {firstRefused}");
            return reader.BadRows == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{reader.BadRows:N0} rows of {sourceName} are no transactions and were not sent; the first: {reader.FirstBadRow}");
        }
    }

    /// <inheritdoc/>
    public bool MoveNext()
    {
        // The row behind a transaction is read before a label is told, because the label may be due before it.
        if (!isAhead)
        {
            Keep();
            hasRow = ReadRow();
        }

        isAhead = false;
        if (labels.TryPeek(out _, out var due) && (!hasRow || IsKnown(due.Due)))
        {
            label = labels.Dequeue();
            Kind = SourceKind.Label;
            isAhead = true;
            return true;
        }

        Kind = SourceKind.Transaction;
        return hasRow;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Write(long nowMicros, long lateByMicros)
    {
        if (Kind == SourceKind.Label)
            return label.Value;
        var transaction = row.Transaction;
        Start();
        foreach (var field in Fields)
        {
            if (transaction.Has(field))
                json.WriteString(TransactionDecoder.NameOf(field), transaction.Field(field));
        }

        json.WriteNumber("amount"u8, (decimal)transaction.AmountUnits / Money.UnitsPerOne);
        WriteTime(EventTime.Add(transaction.EventTimeMicros, -TimeSpan.FromMicroseconds(lateByMicros)));
        var value = End();
        var rejection = decoder.Decode(value.ToArray(), out var decoded) ?? decoder.Rules.CheckNodeTime(decoded.EventTimeMicros, nowMicros);
        IsRefused = rejection is not null;
        if (rejection is null)
            return value;
        refused++;
        firstRefused ??= rejection.Detail;
        return value;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        json.Dispose();
        reader.Dispose();
        file.Dispose();
    }

    private bool ReadRow()
    {
        while (rows.Read(out row))
        {
            if (row.Error is null)
                return true;
        }

        isAtEnd = true;
        return false;
    }

    // Rows behind are asked only where the row's own time would do.
    private bool IsKnown(long due) => due <= row.Transaction.EventTimeMicros && !rows.IsOdd(ref row, out _);

    /// <summary>Keeps the label of the current row, if it is fraud, until it becomes known.</summary>
    private void Keep()
    {
        if (!hasRow || row.IsFraud != true)
            return;
        if (labels.Count >= MaxPendingLabels)
            throw new LoadException($"more than {MaxPendingLabels:N0} labels of {sourceName} wait for a delay of {map.LabelDelay}; shorten labelDelay");
        var transaction = row.Transaction;
        var due = EventTime.Add(transaction.EventTimeMicros, map.LabelDelay);
        Start();
        json.WriteString("transactionId"u8, transaction.TransactionId);
        json.WriteString("cardId"u8, transaction.CardId);
        json.WriteString("userId"u8, transaction.UserId);
        json.WriteBoolean("label"u8, true);
        WriteTime(due);
        labels.Enqueue(new PendingLabel(transaction.UserId.ToArray(), End().ToArray()), (due, order++));
    }

    private void Start()
    {
        buffer.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
    }

    private void WriteTime(long micros)
    {
        Span<byte> text = stackalloc byte[EventTime.MaxFormattedBytes];
        json.WriteString("eventTime"u8, text[..EventTime.Format(micros, text)]);
    }

    private ReadOnlySpan<byte> End()
    {
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan;
    }

    private readonly record struct PendingLabel(byte[] Key, byte[] Value);
}
