using Scoring.Actors.Log;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>Reads as much of a record as decides whose partition it belongs to, and refuses what no shard could apply.</summary>
/// <param name="limits">What a record may be at most.</param>
internal sealed class RelayDecoder(DecodeLimits limits)
{
    private readonly TransactionDecoder transactions = new(limits);
    private readonly InteractionDecoder interactions = new(limits);

    /// <summary>Finds a record's user, else its card.</summary>
    /// <param name="record">The record.</param>
    /// <param name="key">The user's id; empty if the record is refused.</param>
    /// <returns>Null if the record is valid, else everything that is wrong with it.</returns>
    internal Rejection? Decode(in InputRecord record, out byte[] key)
    {
        key = [];
        if (record.Value is not { } value)
            return new Rejection(RejectReason.NullValue, "the record's value is null; JSON is wanted");
        return record.Kind switch
        {
            RecordKind.Label => DecodeLabel(value, out key),
            RecordKind.Interaction => DecodeInteraction(value, out key),
            _ => DecodeTransaction(value, record.TimestampMicros, out key),
        };
    }

    private Rejection? DecodeLabel(byte[] value, out byte[] key)
    {
        var rejection = transactions.DecodeLabel(value, out var label);
        key = rejection is null ? label.UserId.ToArray() : [];
        return rejection;
    }

    private Rejection? DecodeInteraction(byte[] value, out byte[] key)
    {
        var rejection = interactions.Decode(value, out var interaction);
        key = interaction is null ? [] : System.Text.Encoding.UTF8.GetBytes(interaction.UserId);
        return rejection;
    }

    // What lies in the future is judged here, by the record's own time: its copy's is later.
    private Rejection? DecodeTransaction(byte[] value, long? timestampMicros, out byte[] key)
    {
        var rejection = transactions.Decode(value, out var transaction)
            ?? transactions.CheckAhead(transaction, timestampMicros ?? EventTime.MaxMicros);
        key = rejection is null ? transaction.UserId.ToArray() : [];
        return rejection;
    }
}
