namespace Scoring.Models.Wire;

/// <summary>One field that is wrong. The message never repeats the field's value: it may be a card number.</summary>
/// <param name="Field">The field's name on the wire.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="Message">The same in a sentence, with what would be right.</param>
public sealed record FieldError(string Field, RejectReason Reason, string Message);

/// <summary>Why a record was refused, with every wrong field.</summary>
public sealed class Rejection
{
    /// <summary>Refuses a transaction whose user, card and id another transaction has had: nobody can say which of the two they name.</summary>
    public static Rejection Conflict { get; } = new([new FieldError(
        "transactionId",
        RejectReason.IdentityConflict,
        "was that of another transaction of this user and card, which differs in amount, eventTime or another field; a repeat has the same fields, and another transaction an id of its own")]);

    /// <summary>Refuses a record as a whole.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="detail">What was wrong and what would be right.</param>
    public Rejection(RejectReason reason, string detail)
    {
        Reason = reason;
        Detail = detail;
        Fields = [];
    }

    /// <summary>Refuses a record for its fields.</summary>
    /// <param name="fields">The wrong fields, at least one; the first gives the reason.</param>
    public Rejection(IReadOnlyList<FieldError> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        ArgumentOutOfRangeException.ThrowIfZero(fields.Count);
        Reason = fields[0].Reason;
        Detail = string.Join("; ", fields.Select(f => $"{f.Field}: {f.Message}"));
        Fields = fields;
    }

    /// <summary>The first thing that was wrong.</summary>
    public RejectReason Reason { get; }

    /// <summary>Everything that was wrong, in a sentence.</summary>
    public string Detail { get; }

    /// <summary>The wrong fields; empty where the record is wrong as a whole.</summary>
    public IReadOnlyList<FieldError> Fields { get; }
}
