namespace Scoring.Producer.Load;

/// <summary>
/// When each record is to be sent: fixed in advance by the rate alone, whatever the system under test does
/// (an open loop), so that its stalls show as latency instead of as fewer records.
/// </summary>
/// <param name="startTimestamp">The time provider's timestamp of the first record.</param>
/// <param name="frequency">The time provider's ticks a second.</param>
/// <param name="rate">Records a second, above 0.</param>
public sealed class SendSchedule(long startTimestamp, long frequency, double rate)
{
    private readonly double ticksPerRecord = frequency / rate;

    /// <summary>The timestamp at which a record is to be sent.</summary>
    /// <param name="record">The record's number, from 0.</param>
    public long IntendedAt(long record) => startTimestamp + (long)(record * ticksPerRecord);
}
