namespace Scoring.Producer.Collect;

/// <summary>What was sent and what came back, in records unless said otherwise.</summary>
public sealed record RunCounts
{
    /// <summary>Records sent to the input log's topic: valid, malformed and repeated ones.</summary>
    public long Sent { get; init; }

    /// <summary>Distinct ids of valid transactions sent.</summary>
    public long Valid { get; init; }

    /// <summary>Malformed records sent.</summary>
    public long Malformed { get; init; }

    /// <summary>Valid records sent once more.</summary>
    public long DuplicatesSent { get; init; }

    /// <summary>Distinct valid ids whose score arrived.</summary>
    public long Scored { get; init; }

    /// <summary>Malformed records whose dead letter arrived.</summary>
    public long DeadLettered { get; init; }

    /// <summary>Valid ids whose score has not arrived.</summary>
    public long Missing => Valid - Scored;

    /// <summary>Further scores of ids that had one.</summary>
    public long Duplicates { get; init; }

    /// <summary>Scores of ids that were never sent, records that are no scores, and dead letters of records that are not malformed.</summary>
    public long Unexpected { get; init; }

    /// <summary>Scores that approve.</summary>
    public long Approve { get; init; }

    /// <summary>Scores that ask for a review.</summary>
    public long Review { get; init; }

    /// <summary>Scores that decline.</summary>
    public long Decline { get; init; }

    /// <summary>Scores flagged late.</summary>
    public long Late { get; init; }

    /// <summary>Scored transactions that are fraud in truth, where the source tells.</summary>
    public long Fraud { get; init; }

    /// <summary>Of them, those reviewed or declined.</summary>
    public long FraudStopped { get; init; }

    /// <summary>Records that the log refused or that were not acknowledged in time.</summary>
    public long Undelivered { get; init; }

    /// <summary>Whether every valid transaction was scored exactly once, every malformed record is a dead letter, and nothing else came.</summary>
    public bool AllAccountedFor => Missing == 0 && Duplicates == 0 && Unexpected == 0 && DeadLettered == Malformed;
}
