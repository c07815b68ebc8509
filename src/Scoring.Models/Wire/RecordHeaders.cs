namespace Scoring.Models.Wire;

/// <summary>The names of the Kafka record headers that this system reads and writes.</summary>
public static class RecordHeaders
{
    /// <summary>What a record of the input log is; see <see cref="RecordKinds"/>. Absent means a transaction.</summary>
    public const string Kind = "kind";

    /// <summary>The W3C trace context, carried from a transaction to its score.</summary>
    public const string TraceParent = "traceparent";

    /// <summary>
    /// Which record of another topic a relayed record is a copy of, as <c>topic:partition:offset</c>. Not the names
    /// that dead letters use: one that is sent again with its headers must not look like a repeat of a relayed record.
    /// </summary>
    public const string RelayedFrom = "scoring-relayed-from";

    /// <summary>The topic that a dead letter or late copy came from.</summary>
    public const string OriginTopic = "scoring-origin-topic";

    /// <summary>The partition that a dead letter or late copy came from, in decimal.</summary>
    public const string OriginPartition = "scoring-origin-partition";

    /// <summary>The offset that a dead letter or late copy came from, in decimal.</summary>
    public const string OriginOffset = "scoring-origin-offset";

    /// <summary>Why a record is a dead letter: a code of <see cref="RejectReason"/>.</summary>
    public const string Reason = "scoring-reason";

    /// <summary>What was wrong with a dead letter, in a sentence.</summary>
    public const string ReasonDetail = "scoring-reason-detail";

    /// <summary>Why a dead letter lacks its value: the log took no record of that size.</summary>
    public const string ValueOmitted = "scoring-value-omitted";

    /// <summary>Who on which node waits for a transaction's score, as <c>node:number</c>.</summary>
    public const string ReplyTo = "scoring-reply-to";
}

/// <summary>The values of the <see cref="RecordHeaders.Kind"/> header.</summary>
public static class RecordKinds
{
    /// <summary>A card transaction.</summary>
    public const string Transaction = "transaction";

    /// <summary>A label.</summary>
    public const string Label = "label";

    /// <summary>An interaction of a user.</summary>
    public const string Interaction = "interaction";

    /// <summary>A tick: moves a quiet shard's watermark.</summary>
    public const string Tick = "tick";
}
