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

    /// <summary>A text is longer than the limit, is not valid Unicode, holds a NUL, or is an id that no URL can name.</summary>
    InvalidText,

    /// <summary>The amount is larger than any payment, or any refund.</summary>
    AbsurdAmount,

    /// <summary>The time can't be read, or lies outside the years 1970 to 9999.</summary>
    UnreadableTime,

    /// <summary>The time is further ahead of the record's own timestamp, or of the node's clock, than clocks differ.</summary>
    TimeInFuture,

    /// <summary>The time is further behind them than any feature looks back.</summary>
    TimeTooOld,

    /// <summary>The record's own timestamp is a number that is no time.</summary>
    UnreadableRecordTime,

    /// <summary>The key is not the record's user (else its card), or the record is in a partition where murmur2 does not put its key.</summary>
    KeyMismatch,

    /// <summary>An id is a raw card number.</summary>
    CardNumber,

    /// <summary>Another transaction came under the same user, card and id.</summary>
    IdentityConflict,

    /// <summary>The record's kind is not known.</summary>
    UnknownKind,

    /// <summary>The record says that it was relayed, and not readably from where: whether it is a repeat can't be told.</summary>
    UnreadableOrigin,

    /// <summary>The record was relayed from one more topic partition than a shard keeps marks of: whether it is a repeat can't be told.</summary>
    TooManyOrigins,

    /// <summary>Reading, applying or scoring the record failed, and failed again: a defect of this program, kept from stopping the shard.</summary>
    Poison,
}

/// <summary>The codes of <see cref="RejectReason"/> on the wire and in metrics.</summary>
public static class RejectReasons
{
    private static readonly Dictionary<string, RejectReason> ByCode = Enum.GetValues<RejectReason>().ToDictionary(Code, StringComparer.Ordinal);

    /// <summary>Finds the reason of a code.</summary>
    /// <param name="code">What <see cref="Code"/> gave.</param>
    /// <param name="reason">The reason.</param>
    public static bool TryParse(string code, out RejectReason reason) => ByCode.TryGetValue(code, out reason);

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
        RejectReason.AbsurdAmount => "absurd_amount",
        RejectReason.UnreadableTime => "unreadable_time",
        RejectReason.TimeInFuture => "time_in_future",
        RejectReason.TimeTooOld => "time_too_old",
        RejectReason.UnreadableRecordTime => "unreadable_record_time",
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
