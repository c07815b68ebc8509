using Scoring.Producer.Load;

namespace Scoring.Tests.Producer.Load;

public sealed class SendScheduleTests
{
    [Theory]
    [InlineData(200)]
    [InlineData(5_000)]
    [InlineData(0.5)]
    [InlineData(3_333.33)]
    public void Send_times_are_fixed_by_the_rate_and_do_not_drift(double rate)
    {
        const long Frequency = 1_000_000_000;
        var schedule = new SendSchedule(77, Frequency, rate);

        Assert.Equal(77, schedule.IntendedAt(0));
        foreach (var record in new long[] { 1, 2, 999, 1_000_000, 500_000_000 })
            Assert.InRange(schedule.IntendedAt(record) - 77 - (record / rate * Frequency), -2, 2);
    }
}
