using Scoring.Actors.Log;
using Scoring.Models.Wire;

namespace Scoring.Actors.Entities;

/// <summary>
/// Reads the records of a partition and says which are valid. There are two kinds of verdict:
/// <list type="bullet">
/// <item><see cref="Decode"/> depends on the record alone, so whoever reads the log again gets the same.</item>
/// <item><see cref="Judge"/> depends on the moment: on the node's clock, and on what this program can't read and a mended
/// one may. Since state is a function of the log and of the notes of records set aside, such a verdict becomes a note
/// before anything follows from it, and only a live shard asks for it: a replay takes the notes, and no note means that
/// the record was accepted. So a record that was a day ahead when it was refused is refused in a recovery two days later
/// too, and one that was accepted is not refused because it has grown old.</item>
/// </list>
/// </summary>
/// <remarks>
/// Where the broker stamps the records (<c>message.timestamp.type=LogAppendTime</c>) its clock stands in the log, and the
/// node's is not asked: the verdict is the record's own, and nothing needs to be noted.
/// </remarks>
internal sealed class RecordDecoder
{
    private readonly TransactionDecoder transactions;
    private readonly InteractionDecoder interactions;
    private readonly LogPlace? place;
    private readonly Action<RecordStep, InputRecord>? probe;

    internal RecordDecoder(DecodeLimits limits, LogPlace? place, Action<RecordStep, InputRecord>? probe)
    {
        transactions = new TransactionDecoder(limits);
        interactions = new InteractionDecoder(limits);
        this.place = place;
        this.probe = probe;
    }

    private EventRules Rules => transactions.Rules;

    /// <summary>Reads a record; one that it fails at twice is refused as <see cref="RejectReason.Poison"/>.</summary>
    internal void Decode(in InputRecord record, out DecodedRecord decoded)
    {
        if (TryDecode(record, out decoded) is not null && TryDecode(record, out decoded) is { } failure)
            decoded.Rejection = new Rejection(RejectReason.Poison, $"reading the record failed: {failure.GetType().Name}: {failure.Message}");
    }

    /// <summary>What is wrong with a record as of this moment; null if nothing is, or <see cref="Decode"/> has refused it for good.</summary>
    internal Rejection? Judge(in DecodedRecord decoded, long nodeMicros)
    {
        if (decoded.Rejection is { } rejection)
            return rejection.Reason == RejectReason.Poison ? rejection : null;
        if (decoded.Record.Time.IsAppendTime || decoded.EventTimeMicros is not { } time)
            return null;
        return Rules.CheckNodeTime(time, nodeMicros, mayBeOld: decoded.Record.Kind == RecordKind.Tick);
    }

    private Exception? TryDecode(in InputRecord record, out DecodedRecord decoded)
    {
        decoded = new DecodedRecord { Record = record };
        try
        {
            probe?.Invoke(RecordStep.Decode, record);
            decoded.Rejection = Read(record, ref decoded) ?? CheckPlace(record);
            return null;
        }
#pragma warning disable CA1031 // Whatever reading it throws is this record's, and must not end what the others need.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
    }

    private Rejection? Read(in InputRecord record, ref DecodedRecord decoded)
    {
        Rejection? rejection;
        switch (record.Kind)
        {
            case RecordKind.Transaction:
                rejection = transactions.Decode(record.Value, record.Key, record.Time, out var transaction);
                decoded.Transaction = transaction;
                decoded.EventTimeMicros = transaction.EventTimeMicros;
                return rejection;
            case RecordKind.Label:
                rejection = transactions.DecodeLabel(record.Value, record.Key, record.Time, out var label);
                decoded.Label = label;
                decoded.EventTimeMicros = label.EventTimeMicros;
                return rejection;
            case RecordKind.Interaction:
                rejection = interactions.Decode(record.Value, record.Key, record.Time, out var interaction);
                decoded.EventTimeMicros = interaction?.EventTimeMicros;
                return rejection;
            case RecordKind.Tick:
                rejection = Tick.Read(record.Value, out var micros);
                decoded.EventTimeMicros = micros;
                return rejection ?? Rules.CheckRecordTime(micros, record.Time, mayBeOld: true);
            case RecordKind.UnreadableOrigin:
                return new Rejection(RejectReason.UnreadableOrigin, $"the header '{RecordHeaders.RelayedFrom}' is not topic:partition:offset: whether the record is a repeat can't be told");
            default:
                return new Rejection(RejectReason.UnknownKind, $"the header '{RecordHeaders.Kind}' is none of {RecordKinds.Transaction}, {RecordKinds.Label}, {RecordKinds.Interaction}, {RecordKinds.Tick}");
        }
    }

    // A tick is a partition's own and has no key.
    private Rejection? CheckPlace(in InputRecord record) =>
        record.Kind == RecordKind.Tick || record.Key is not { } key ? null : place?.Check(key);
}
