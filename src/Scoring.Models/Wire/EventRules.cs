using System.Globalization;
using System.Text.Unicode;
using Scoring.Models.Durations;

namespace Scoring.Models.Wire;

/// <summary>
/// What an event may be, whatever way it comes: the decoders of records, HTTP, files, bootstrap, relay and producer all
/// ask here, so the same input gets the same answer in the same words. What is read of an event is checked here; how it
/// is read (JSON, CSV) is the reader's.
/// <list type="bullet">
/// <item>Texts are UTF-8 of at most <see cref="DecodeLimits.MaxTextBytes"/> bytes without a NUL character.</item>
/// <item>No id is a raw card number (<see cref="CardNumbers"/>), whichever field it stands in.</item>
/// <item>What a URL names (transaction, card, user, interaction) is not <c>.</c> or <c>..</c>, which clients take out of paths.</item>
/// <item>Amounts have any sign: a refund or a reversal is negative. Their magnitude is at most <see cref="Money.MaxUnits"/>.</item>
/// <item>Times lie in the years 1970 to 9999, and agree with the record's clock and the node's.</item>
/// </list>
/// </summary>
public sealed class EventRules
{
    /// <summary>What is said of an amount that is no payment.</summary>
    internal const string AmountTooLarge = "is beyond 100,000,000,000 of its currency's units, more than any payment";

    /// <summary>What is said of bytes that are no text.</summary>
    internal const string NotUnicode = "is not valid Unicode";

    private const string CardNumber = "is a raw card number; a token is wanted";

    private readonly int maxTextBytes;
    private readonly long maxAheadMicros;
    private readonly long maxBehindMicros;

    /// <summary>Makes the rules.</summary>
    /// <param name="limits">The bounds that can be set.</param>
    public EventRules(DecodeLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        maxTextBytes = limits.MaxTextBytes;
        maxAheadMicros = limits.MaxTimeAhead.Ticks / TimeSpan.TicksPerMicrosecond;
        maxBehindMicros = (limits.MaxTimeBehind ?? TimeSpan.Zero).Ticks / TimeSpan.TicksPerMicrosecond;
    }

    /// <summary>What a text is, which decides what it may hold.</summary>
    internal enum TextUse
    {
        /// <summary>A code or a name.</summary>
        Plain,

        /// <summary>An id.</summary>
        Id,

        /// <summary>An id that stands in the path of a URL.</summary>
        PathId,
    }

    /// <summary>Checks a transaction that was put together without a decoder, as from a row of a file.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <returns>Null if it is valid, else everything that is wrong with it.</returns>
    public Rejection? Check(in Transaction transaction)
    {
        var errors = default(FieldErrors);
        Check(transaction, isLabel: false, ref errors);
        return errors.ToRejection();
    }

    /// <summary>Holds an event's time against its record's own.</summary>
    /// <param name="eventMicros">The event's time in microseconds since 1970, in the range of event times.</param>
    /// <param name="recordTime">The record's own time.</param>
    /// <param name="mayBeOld">Whether it may lie as far behind as it likes, as a tick's may.</param>
    /// <returns>Null if they agree, or the record has no time.</returns>
    public Rejection? CheckRecordTime(long eventMicros, RecordTime recordTime, bool mayBeOld = false)
    {
        if (!recordTime.IsKnown)
            return recordTime.Problem;
        return Check(eventMicros, recordTime.Micros, recordTime.IsAppendTime ? "the time at which the broker took its record" : "its record's own time", mayBeOld);
    }

    /// <summary>
    /// Holds an event's time against the node's clock, which tells an event of a producer whose clock is wrong and stamps
    /// its records too. The verdict is of the moment: whoever lets it decide about state has to keep it, so that the same
    /// is decided when the log is read again.
    /// </summary>
    /// <param name="eventMicros">The event's time in microseconds since 1970, in the range of event times.</param>
    /// <param name="nodeMicros">The node's clock in microseconds since 1970.</param>
    /// <param name="mayBeOld">Whether it may lie as far behind as it likes, as a tick's may.</param>
    /// <returns>Null if they agree.</returns>
    public Rejection? CheckNodeTime(long eventMicros, long nodeMicros, bool mayBeOld = false) => Check(eventMicros, nodeMicros, "the node's clock", mayBeOld);

    /// <summary>Adds what is wrong with a transaction's, or a label's, fields to what is known already. A field of which something is known is not looked at.</summary>
    /// <param name="transaction">The fields.</param>
    /// <param name="isLabel">Whether they are a label's, which has no amount.</param>
    /// <param name="errors">What is known.</param>
    internal void Check(in Transaction transaction, bool isLabel, ref FieldErrors errors)
    {
        if (!transaction.Has(TransactionField.TransactionId))
            errors.Missing(TransactionDecoder.NameOf(TransactionField.TransactionId));
        if (!transaction.Has(TransactionField.CardId))
            errors.Missing(TransactionDecoder.NameOf(TransactionField.CardId));
        for (var field = TransactionField.TransactionId; field <= TransactionField.Ip; field++)
        {
            if (transaction.Has(field))
                CheckText(TransactionDecoder.NameOf(field), transaction.Field(field), UseOf(field), ref errors);
        }

        if (!isLabel && transaction.AmountUnits is < -Money.MaxUnits or > Money.MaxUnits)
            errors.Add("amount", RejectReason.AbsurdAmount, AmountTooLarge);
        if (!EventTime.IsInRange(transaction.EventTimeMicros))
            errors.Add("eventTime", RejectReason.UnreadableTime, $"{EventTime.OutOfRange}; {EventTime.WantedOnTheWire} is wanted");
    }

    /// <summary>Adds what is wrong with one text.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="text">Its bytes, at least one.</param>
    /// <param name="use">What it is.</param>
    /// <param name="errors">What is known.</param>
    internal void CheckText(string name, ReadOnlySpan<byte> text, TextUse use, ref FieldErrors errors)
    {
        if (!Utf8.IsValid(text))
            errors.Add(name, RejectReason.InvalidText, NotUnicode);
        else if (text.Length > maxTextBytes)
            errors.Add(name, RejectReason.InvalidText, string.Create(CultureInfo.InvariantCulture, $"has {text.Length} bytes; {maxTextBytes} are allowed"));
        else if (text.Contains((byte)0))
            errors.Add(name, RejectReason.InvalidText, "holds a NUL character, which neither URLs nor databases carry");
        else if (use == TextUse.PathId && text is [(byte)'.'] or [(byte)'.', (byte)'.'])
            errors.Add(name, RejectReason.InvalidText, "is '.' or '..', which a URL can't name; another id is wanted");
        else if (use != TextUse.Plain && CardNumbers.IsCardNumber(text))
            errors.Add(name, RejectReason.CardNumber, CardNumber);
    }

    private static TextUse UseOf(TransactionField field) => field switch
    {
        TransactionField.TransactionId or TransactionField.CardId or TransactionField.UserId => TextUse.PathId,
        TransactionField.MerchantId or TransactionField.TerminalId or TransactionField.DeviceId => TextUse.Id,
        _ => TextUse.Plain,
    };

    // Both are within the years 1 to 9999 in microseconds, so their difference does not overflow, nor its ticks.
    private Rejection? Check(long eventMicros, long clockMicros, string clock, bool mayBeOld)
    {
        var ahead = eventMicros - clockMicros;
        if (ahead > maxAheadMicros)
            return Wrong(RejectReason.TimeInFuture, $"is {DurationText.FormatRoughly(ahead)} ahead of {clock}; {DurationText.FormatMicros(maxAheadMicros)} is allowed");
        if (mayBeOld || maxBehindMicros <= 0 || -ahead <= maxBehindMicros)
            return null;
        var hint = MayBeSeconds(eventMicros, clockMicros) ? " (as seconds since 1970 it would be in time: milliseconds are wanted)" : "";
        return Wrong(RejectReason.TimeTooOld, $"is {DurationText.FormatRoughly(-ahead)} behind {clock}; {DurationText.FormatMicros(maxBehindMicros)} is allowed{hint}");
    }

    private bool MayBeSeconds(long eventMicros, long clockMicros) =>
        eventMicros <= EventTime.MaxMicros / 1000 && clockMicros - (eventMicros * 1000) is var behind && behind >= -maxAheadMicros && behind <= maxBehindMicros;

    private static Rejection Wrong(RejectReason reason, string message) => new([new FieldError("eventTime", reason, message)]);
}
