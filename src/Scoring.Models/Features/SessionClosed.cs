namespace Scoring.Models.Features;

/// <summary>
/// A user's session that ended, or a correction of one that was reported before. Consumers keep, for each user
/// and first start, the highest revision.
/// </summary>
/// <param name="UserId">The user, in UTF-8.</param>
/// <param name="FirstStartMicros">When the session began as far as was known when its first event came: its identity, which never changes.</param>
/// <param name="Revision">1 for the first report, then one more each time.</param>
/// <param name="StartMicros">When its first event happened, in microseconds since 1970-01-01T00:00:00Z; earlier than the first start after a late event.</param>
/// <param name="EndMicros">When its last event happened.</param>
/// <param name="Count">How many events it has; 0 if it was merged into another.</param>
/// <param name="Total">The sum of its amounts, in currency units.</param>
/// <param name="DistinctMerchants">How many different merchants it has.</param>
/// <param name="MergedIntoMicros">The first start of the session that a late event merged this one into; null otherwise.</param>
public readonly record struct SessionClosed(
    ReadOnlyMemory<byte> UserId, long FirstStartMicros, int Revision, long StartMicros, long EndMicros, int Count, decimal Total, int DistinctMerchants, long? MergedIntoMicros);
