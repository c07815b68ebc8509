using System.Text;
using Scoring.Actors.Log;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>
/// Reads as much of a record as decides whose partition it belongs to, and refuses what no shard could apply. The node's
/// clock may decide here: what it refuses never gets into the input log, so no recovery has to decide it again.
/// </summary>
/// <param name="limits">What a record may be at most.</param>
/// <param name="time">The node's clock.</param>
internal sealed class RelayDecoder(DecodeLimits limits, TimeProvider time)
{
    private readonly TransactionDecoder transactions = new(limits);
    private readonly InteractionDecoder interactions = new(limits);

    /// <summary>Finds a record's user, else its card. Never throws.</summary>
    /// <param name="record">The record.</param>
    /// <param name="key">The user's id; empty if the record is refused.</param>
    /// <returns>Null if the record is valid, else everything that is wrong with it.</returns>
    internal Rejection? Decode(in InputRecord record, out byte[] key)
    {
        key = [];
        try
        {
            var rejection = Read(record, out var user, out var eventMicros) ?? CheckTime(eventMicros, record.Time);
            key = rejection is null ? user : [];
            return rejection;
        }
#pragma warning disable CA1031 // Whatever reading it throws is this record's, and must not end the relay of the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new Rejection(RejectReason.Poison, $"reading the record failed: {e.GetType().Name}: {e.Message}");
        }
    }

    private Rejection? Read(in InputRecord record, out byte[] user, out long eventMicros)
    {
        (user, eventMicros) = ([], 0);
        if (record.Value is not { } value)
            return new Rejection(RejectReason.NullValue, "the record's value is null; JSON is wanted");
        Rejection? rejection;
        switch (record.Kind)
        {
            case RecordKind.Label:
                rejection = transactions.DecodeLabel(value, out var label);
                (user, eventMicros) = rejection is null ? (label.UserId.ToArray(), label.EventTimeMicros) : ([], 0);
                return rejection;
            case RecordKind.Interaction:
                rejection = interactions.Decode(value, out var interaction);
                (user, eventMicros) = interaction is null ? ([], 0) : (Encoding.UTF8.GetBytes(interaction.UserId), interaction.EventTimeMicros);
                return rejection;
            default:
                rejection = transactions.Decode(value, out var transaction);
                (user, eventMicros) = rejection is null ? (transaction.UserId.ToArray(), transaction.EventTimeMicros) : ([], 0);
                return rejection;
        }
    }

    // By the record's own time here, since its copy's is later.
    private Rejection? CheckTime(long eventMicros, RecordTime recordTime) =>
        transactions.Rules.CheckRecordTime(eventMicros, recordTime)
        ?? (recordTime.IsAppendTime ? null : transactions.Rules.CheckNodeTime(eventMicros, EventTime.Of(time.GetUtcNow())));
}
