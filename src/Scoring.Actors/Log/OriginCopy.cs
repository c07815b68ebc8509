using System.Globalization;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.Actors.Log;

/// <summary>Makes the records that carry an input record's bytes and coordinates elsewhere: dead letters and late copies.</summary>
public static class OriginCopy
{
    /// <summary>A dead letter: the record's own key and value, its coordinates, and why.</summary>
    /// <param name="topic">The dead letters' topic.</param>
    /// <param name="inputTopic">Where the record came from.</param>
    /// <param name="partition">Its partition.</param>
    /// <param name="record">The record.</param>
    /// <param name="rejection">Why it was refused.</param>
    public static OutputRecord DeadLetter(string topic, string inputTopic, int partition, in InputRecord record, Rejection rejection)
    {
        ArgumentNullException.ThrowIfNull(rejection);
        return new(topic, record.Key, record.Value,
        [
            .. Coordinates(inputTopic, partition, record.Offset),
            new(RecordHeaders.Reason, Encoding.UTF8.GetBytes(rejection.Reason.Code())),
            new(RecordHeaders.ReasonDetail, Encoding.UTF8.GetBytes(rejection.Detail)),
            .. Own(record),
        ]);
    }

    /// <summary>A late transaction: the record's own key and value with its coordinates.</summary>
    /// <param name="topic">The late transactions' topic.</param>
    /// <param name="inputTopic">Where the record came from.</param>
    /// <param name="partition">Its partition.</param>
    /// <param name="record">The record.</param>
    public static OutputRecord Late(string topic, string inputTopic, int partition, in InputRecord record) =>
        new(topic, record.Key, record.Value, [.. Coordinates(inputTopic, partition, record.Offset), .. Own(record)]);

    // What a copy needs of the record's own headers to be sent again.
    private static IEnumerable<OutputHeader> Own(InputRecord record)
    {
        if (record.Kind.Header() is { } kind)
            yield return new OutputHeader(RecordHeaders.Kind, kind);
        if (record.TraceParent is { } trace)
            yield return new OutputHeader(RecordHeaders.TraceParent, trace);
    }

    private static OutputHeader[] Coordinates(string topic, int partition, long offset) =>
    [
        new(RecordHeaders.OriginTopic, Encoding.UTF8.GetBytes(topic)),
        new(RecordHeaders.OriginPartition, Encoding.UTF8.GetBytes(partition.ToString(CultureInfo.InvariantCulture))),
        new(RecordHeaders.OriginOffset, Encoding.UTF8.GetBytes(offset.ToString(CultureInfo.InvariantCulture))),
    ];
}

/// <summary>
/// Watches over one dead letter. A record that the log refuses for its size would stop its shard for good,
/// so it is appended once more without its value: the coordinates say where the bytes still are.
/// </summary>
public sealed class DeadLetterAppend : AppendObserver
{
    private readonly IOutputLog log;
    private readonly OutputRecord record;
    private readonly AppendObserver observer;

    /// <summary>Watches over a dead letter.</summary>
    /// <param name="log">Where it is appended.</param>
    /// <param name="record">The dead letter.</param>
    /// <param name="observer">Is told what became of it in the end.</param>
    public DeadLetterAppend(IOutputLog log, in OutputRecord record, AppendObserver observer)
    {
        this.log = log;
        this.record = record;
        this.observer = observer;
    }

    /// <inheritdoc/>
    public override void Appended() => observer.Appended();

    /// <inheritdoc/>
    public override void Failed(AppendFailure failure, string detail)
    {
        if (failure != AppendFailure.TooLarge || record.Value is null)
        {
            observer.Failed(failure, detail);
            return;
        }

        var omitted = new OutputHeader(RecordHeaders.ValueOmitted, Encoding.UTF8.GetBytes(detail));
        var bare = record with { Value = null, Headers = [.. record.Headers ?? [], omitted] };
        if (!log.TryAppend(bare, observer))
            observer.Failed(AppendFailure.Broken, "the producer's queue was full when a dead letter had to be sent again without its value");
    }
}
