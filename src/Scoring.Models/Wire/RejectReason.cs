namespace Scoring.Models.Wire;

/// <summary>Why a record is not valid and goes to the dead letters.</summary>
public enum RejectReason
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>The value is null.</summary>
    NullValue,

    /// <summary>The key is null.</summary>
    NullKey,

    /// <summary>The value is larger than the limit.</summary>
    TooLarge,

    /// <summary>The value is no JSON object in UTF-8, or nests too deep.</summary>
    NotJson,

    /// <summary>A required field is absent, null or empty.</summary>
    MissingField,

    /// <summary>A field has another JSON type than it must have.</summary>
    WrongType,

    /// <summary>A text is longer than the limit, or is not valid Unicode.</summary>
    InvalidText,

    /// <summary>The amount is below zero.</summary>
    NegativeAmount,

    /// <summary>The amount is larger than any payment.</summary>
    AbsurdAmount,

    /// <summary>The time can't be read.</summary>
    UnreadableTime,

    /// <summary>The time is further past the record's own timestamp than clocks differ.</summary>
    TimeInFuture,

    /// <summary>The key is not the record's user (else its card).</summary>
    KeyMismatch,

    /// <summary>The card id is a raw card number.</summary>
    CardNumber,

    /// <summary>Another transaction came under the same user, card and id.</summary>
    IdentityConflict,

    /// <summary>The record's kind is not known.</summary>
    UnknownKind,

    /// <summary>The record says that it was relayed, and not readably from where: whether it is a repeat can't be told.</summary>
    UnreadableOrigin,

    /// <summary>The record was relayed from one more topic partition than a shard keeps marks of: whether it is a repeat can't be told.</summary>
    TooManyOrigins,

    /// <summary>The record is valid, and applying it failed twice: a defect of this program, kept from stopping the shard.</summary>
    Poison,
}

/// <summary>The codes of <see cref="RejectReason"/> on the wire and in metrics.</summary>
public static class RejectReasons
{
    /// <summary>The code in snake case, as the dead letter's header carries it.</summary>
    /// <param name="reason">The reason.</param>
    public static string Code(this RejectReason reason) => reason switch
    {
        RejectReason.None => "none",
        RejectReason.NullValue => "null_value",
        RejectReason.NullKey => "null_key",
        RejectReason.TooLarge => "too_large",
        RejectReason.NotJson => "not_json",
        RejectReason.MissingField => "missing_field",
        RejectReason.WrongType => "wrong_type",
        RejectReason.InvalidText => "invalid_text",
        RejectReason.NegativeAmount => "negative_amount",
        RejectReason.AbsurdAmount => "absurd_amount",
        RejectReason.UnreadableTime => "unreadable_time",
        RejectReason.TimeInFuture => "time_in_future",
        RejectReason.KeyMismatch => "key_mismatch",
        RejectReason.CardNumber => "card_number",
        RejectReason.IdentityConflict => "identity_conflict",
        RejectReason.UnknownKind => "unknown_kind",
        RejectReason.UnreadableOrigin => "unreadable_origin",
        RejectReason.TooManyOrigins => "too_many_origins",
        RejectReason.Poison => "poison",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "not a reject reason"),
    };
}
