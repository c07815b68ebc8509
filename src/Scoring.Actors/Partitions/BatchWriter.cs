using Akka.Actor;
using Confluent.Kafka;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Producers;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>The graph's fourth step: writes down what a batch emits. Owned by its stream.</summary>
internal sealed class BatchWriter
{
    // What a record takes on the wire beside its key, value and headers' texts, at most.
    private const int RecordOverheadBytes = 128;
    private const int HeaderOverheadBytes = 16;

    private readonly PartitionContext context;
    private readonly int partition;
    private readonly IActorRef owner;
    private readonly ScoreWriter scores;

    // Of each of the two places: what one has let through before may still be committed when the other fails.
    private bool isWritingHalted;
    private bool isRefused;

    internal BatchWriter(PartitionContext context, int partition, IActorRef owner)
    {
        this.context = context;
        this.partition = partition;
        this.owner = owner;
        scores = new ScoreWriter(context.Origin);
    }

    /// <summary>Writes a batch down, all of it or nothing.</summary>
    /// <returns>What to produce; of a batch that fails, and of all behind it, nothing: they are held back.</returns>
    internal ProducerMessage<TransactionBatch> Write(TransactionBatch batch)
    {
        batch.IsHeldBack = isWritingHalted;
        if (isWritingHalted)
            return new ProducerMessage<TransactionBatch>([], batch);
        var offset = -1L;
        try
        {
            for (var row = 0; row < batch.Scored.Count; row++)
            {
                offset = batch.Scored[row].Decoded.Record.Offset;
                WriteScore(batch, row);
            }

            WriteSessions(batch, ref offset);
            foreach (var (dead, isBare) in batch.Dead)
            {
                offset = dead.Record.Offset;
                WriteDeadLetter(batch, dead, isBare);
            }

            return new ProducerMessage<TransactionBatch>(batch.Outputs, batch);
        }
#pragma warning disable CA1031 // Whatever it throws: the owner ends, and the record is tried again alone, then set aside.
        catch (Exception e)
#pragma warning restore CA1031
        {
            batch.IsHeldBack = isWritingHalted = true;
            Tell(batch, offset, e);
            return new ProducerMessage<TransactionBatch>([], batch);
        }
    }

    /// <summary>Looks whether the log took all of a batch.</summary>
    /// <returns>The batch; where it did not, it and all behind it are held back.</returns>
    internal TransactionBatch Check(ProducerResult<TransactionBatch> result)
    {
        if (result.Refused.Count == 0 && !isRefused)
            return Count(result.PassThrough);
        result.PassThrough.IsHeldBack = true;
        if (isRefused)
            return result.PassThrough;
        isRefused = true;
        Tell(result.PassThrough, result.PassThrough.Origins[result.Refused[0].Index].Offset, new KafkaCallException(result.Refused[0].Failure));
        return result.PassThrough;
    }

    /// <summary>Counts what the log has taken.</summary>
    internal TransactionBatch Count(TransactionBatch batch)
    {
        for (var row = 0; row < batch.Scored.Count; row++)
        {
            var scored = batch.Scored[row];
            context.Metrics.Scored(batch.Decision(row), scored.IsLate, scored.Degraded.Count > 0, context.Time.GetElapsedTime(scored.Decoded.Record.ReceivedAt));
        }

        foreach (var (dead, _) in batch.Dead)
            context.Metrics.Dead(dead.Rejection.Reason);
        return batch;
    }

    private void Tell(TransactionBatch batch, long offset, Exception cause) => owner.Tell(new BatchFailed(batch, offset, cause), ActorRefs.NoSender);

    private void WriteScore(TransactionBatch batch, int row)
    {
        var scored = batch.Scored[row];
        var record = scored.Decoded.Record;
        context.Probe?.Invoke(RecordStep.Write, record);
        var value = scores.Write(
            scored.Decoded.Transaction,
            batch.Score(row),
            batch.Decision(row),
            batch.ReasonsOf(row),
            scored.Degraded,
            scored.IsLate,
            context.Options.RecordFeatures ? batch.Features(row) : default);
        var headers = record.TraceParent is { } trace ? new Headers { { RecordHeaders.TraceParent, trace } } : null;
        Add(batch, new ProducerRecord(context.Topics.Scores, record.Key, value, headers), record.Offset);
        if (scored.IsLate)
            Add(batch, Convert(OriginCopy.Late(context.Topics.Late, context.Topics.Transactions, partition, record)), record.Offset);
        if (!record.ReplyTo.IsNobody)
            batch.Replies.Add((record.ReplyTo, value));
    }

    // Of each record, first what it corrected itself, then what it closed, by when that ended.
    private void WriteSessions(TransactionBatch batch, ref long offset)
    {
        var closes = batch.Closes;
        closes.Sort(static (a, b) => (a.Close.Row, a.Close.DueMicros, a.Close.KeyHash).CompareTo((b.Close.Row, b.Close.DueMicros, b.Close.KeyHash)));
        var next = 0;
        for (var i = 0; i < batch.InOrder.Length; i++)
        {
            var row = batch.InOrder[i];
            offset = row.Decoded.Record.Offset;
            foreach (var session in row.IsLive ? row.Sessions : [])
                WriteSession(batch, session, offset);
            for (; next < closes.Count && closes[next].Close.Row == i; next++)
            {
                foreach (var session in row.IsLive ? closes[next].Close.Sessions : [])
                    WriteSession(batch, session, offset);
            }
        }
    }

    private void WriteSession(TransactionBatch batch, in SessionClosed session, long offset) =>
        Add(batch, new ProducerRecord(context.Topics.Sessions, SessionRecord.Key(session), SessionRecord.Value(session)), offset);

    private void WriteDeadLetter(TransactionBatch batch, in DeadRecord dead, bool isBare)
    {
        var output = OriginCopy.DeadLetter(context.Topics.DeadLetters, context.Topics.Transactions, partition, dead.Record, dead.Rejection);
        // A record that the log refuses for its size would stop its partition for good: the coordinates say where the bytes still are.
        if (isBare || BytesOf(output) > context.MaxRecordBytes)
        {
            var omitted = new OutputHeader(RecordHeaders.ValueOmitted, "the dead letter would be larger than a record may be"u8.ToArray());
            output = output with { Value = null, Headers = [.. output.Headers ?? [], omitted] };
        }

        Add(batch, Convert(output), dead.Record.Offset, isDeadLetter: true);
        if (!dead.Record.ReplyTo.IsNobody)
            batch.Refusals.Add((dead.Record.ReplyTo, dead.Rejection));
    }

    private static void Add(TransactionBatch batch, in ProducerRecord record, long offset, bool isDeadLetter = false)
    {
        batch.Outputs.Add(record);
        batch.Origins.Add(new OutputOrigin(offset, isDeadLetter));
    }

    private static int BytesOf(in OutputRecord record)
    {
        var bytes = RecordOverheadBytes + (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);
        foreach (var header in record.Headers ?? [])
            bytes += header.Name.Length + header.Value.Length + HeaderOverheadBytes;
        return bytes;
    }

    private static ProducerRecord Convert(in OutputRecord record)
    {
        Headers? headers = null;
        foreach (var header in record.Headers ?? [])
            (headers ??= []).Add(header.Name, header.Value);
        return new ProducerRecord(record.Topic, record.Key, record.Value, headers, record.Partition);
    }
}
