using Scoring.Models.Wire;

namespace Scoring.Producer.Collect;

/// <summary>
/// Matches what came back with what was sent: scores by their transaction's identity, dead letters by the coordinates of
/// the record they came from. The sender, its delivery reports and the collector call it from their
/// threads; each call holds a lock for some tens of nanoseconds.
/// </summary>
/// <param name="ids">How transactions are found by their identity.</param>
public sealed class Reconciliation(ITransactionIds ids)
{
    /// <summary>Dead letters kept while the delivery report of their record is awaited; further ones count as unexpected at once.</summary>
    public const int MaxUnmatched = 100_000;

    private readonly Lock gate = new();
    private readonly SentTransactions transactions = new();
    private readonly HashSet<(int Partition, long Offset)> awaited = [];
    private readonly HashSet<(int Partition, long Offset)> unmatched = [];
    private readonly long[] decisions = new long[3];
    private long malformed;
    private long duplicatesSent;
    private long scored;
    private long deadLettered;
    private long duplicates;
    private long unexpected;
    private long late;
    private long fraud;
    private long fraudStopped;
    private long undelivered;

    /// <summary>A valid transaction is about to be sent.</summary>
    /// <param name="identity">Which it is.</param>
    /// <param name="intended">The timestamp at which it is to be sent; the latency counts from it.</param>
    /// <param name="isFraud">The truth, false where it is not known.</param>
    public void SendValid(in TransactionIdentity identity, long intended, bool isFraud)
    {
        lock (gate)
        {
            if (ids.TryAdd(identity, transactions.Count))
                transactions.Add(intended, isFraud);
            else
                duplicatesSent++;
        }
    }

    /// <summary>A transaction that was sent before is about to be sent again.</summary>
    public void SendDuplicate()
    {
        lock (gate)
            duplicatesSent++;
    }

    /// <summary>A malformed record is about to be sent.</summary>
    public void SendMalformed()
    {
        lock (gate)
            malformed++;
    }

    /// <summary>A malformed record was acknowledged; its dead letter may have come already.</summary>
    /// <param name="partition">Where it was stored.</param>
    /// <param name="offset">Where it was stored.</param>
    public void DeliverMalformed(int partition, long offset)
    {
        lock (gate)
        {
            if (unmatched.Remove((partition, offset)))
                deadLettered++;
            else
                awaited.Add((partition, offset));
        }
    }

    /// <summary>A record was not stored.</summary>
    public void FailDelivery()
    {
        lock (gate)
            undelivered++;
    }

    /// <summary>A score arrived.</summary>
    /// <param name="score">What it says.</param>
    /// <param name="intended">When its transaction was to be sent, if true is returned.</param>
    /// <returns>Whether it is the first score of a transaction that was sent.</returns>
    public bool Score(in ScoreView score, out long intended)
    {
        lock (gate)
        {
            intended = 0;
            var ordinal = ids.Find(score.Identity);
            if (ordinal < 0)
            {
                unexpected++;
                return false;
            }

            if (!transactions.TryScore(ordinal, out intended, out var isFraud))
            {
                duplicates++;
                return false;
            }

            scored++;
            decisions[(int)score.Decision]++;
            late += score.Late ? 1 : 0;
            fraud += isFraud ? 1 : 0;
            fraudStopped += isFraud && score.Decision != Decision.Approve ? 1 : 0;
            return true;
        }
    }

    /// <summary>A dead letter of the input log arrived.</summary>
    /// <param name="partition">The partition that its record came from.</param>
    /// <param name="offset">The offset that its record came from.</param>
    public void DeadLetter(int partition, long offset)
    {
        lock (gate)
        {
            if (awaited.Remove((partition, offset)))
                deadLettered++;
            else if (unmatched.Count >= MaxUnmatched || !unmatched.Add((partition, offset)))
                unexpected++;
        }
    }

    /// <summary>Something arrived that is neither a score nor a dead letter of the input log.</summary>
    public void Unknown()
    {
        lock (gate)
            unexpected++;
    }

    /// <summary>The counts at this moment.</summary>
    public RunCounts Counts()
    {
        lock (gate)
        {
            return new RunCounts
            {
                Sent = transactions.Count + duplicatesSent + malformed,
                Valid = transactions.Count,
                Malformed = malformed,
                DuplicatesSent = duplicatesSent,
                Scored = scored,
                DeadLettered = deadLettered,
                Duplicates = duplicates,
                // A dead letter that no malformed record explains is a good record's.
                Unexpected = unexpected + unmatched.Count,
                Approve = decisions[(int)Decision.Approve],
                Review = decisions[(int)Decision.Review],
                Decline = decisions[(int)Decision.Decline],
                Late = late,
                Fraud = fraud,
                FraudStopped = fraudStopped,
                Undelivered = undelivered,
            };
        }
    }
}
