using System.Text;
using Scoring.Models.Wire;
using Scoring.Producer.Load;
using Scoring.Producer.Simulation;

namespace Scoring.Tests.Producer.Load;

public sealed class SimulatedRecordsTests
{
    private const long Now = 1_772_366_400_000_000;
    private const long Hour = 3_600_000_000;

    private readonly TransactionDecoder decoder = new(new DecodeLimits());

    [Fact]
    public void The_simulated_clock_covers_days_and_ends_about_now_and_never_in_the_future()
    {
        using var source = new SimulatedRecords(new SimulatorOptions { Customers = 500 }, EventClock.Simulated, "r", Now, 3_000);

        var times = Transactions(source, 5_000, 0).Select(t => t.EventTimeMicros).ToList();

        Assert.True(times.Zip(times.Skip(1)).All(p => p.First <= p.Second));
        Assert.InRange(times[0], Now - (96 * Hour), Now - (24 * Hour));
        // The two days before are a Friday and a Saturday, the week's busiest: the expected number comes sooner.
        Assert.InRange(times[2_999], Now - (30 * Hour), Now);
        Assert.Equal(Now, times[^1]);
    }

    [Fact]
    public void The_present_clock_stamps_the_time_of_sending_and_late_ones_are_set_back()
    {
        using var source = new SimulatedRecords(new SimulatorOptions { Customers = 500 }, EventClock.Now, "r", Now, 3_000);

        Assert.All(Transactions(source, 100, 0), t => Assert.Equal(Now, t.EventTimeMicros));
        Assert.All(Transactions(source, 100, Hour), t => Assert.Equal(Now - Hour, t.EventTimeMicros));
    }

    [Fact]
    public void Ids_carry_the_run_and_the_key_is_the_user()
    {
        using var source = new SimulatedRecords(new SimulatorOptions { Customers = 50 }, EventClock.Now, "run7", Now, 3_000);
        for (var number = 0; number < 50; number++)
        {
            do
                Assert.True(source.MoveNext());
            while (source.Kind != SourceKind.Transaction);
            Assert.Null(decoder.Decode(source.Write(Now, 0).ToArray(), source.Key.ToArray(), RecordTime.OfMillis(Now / 1_000), out var transaction));
            Assert.Equal($"t-run7-{number}", Encoding.UTF8.GetString(transaction.TransactionId));
            Assert.True(source.Identity.TransactionId.SequenceEqual(transaction.TransactionId));
            Assert.True(source.Identity.CardId.SequenceEqual(transaction.CardId));
            Assert.True(source.Identity.UserId.SequenceEqual(transaction.UserId));
        }
    }

    [Theory]
    [InlineData("with-hyphen")]
    [InlineData("012345678901234567890123456789012")]
    public void A_run_that_would_break_ids_is_refused(string run) =>
        Assert.Throws<ArgumentException>(() => new SimulatedRecords(new SimulatorOptions(), EventClock.Now, run, Now, 1));

    private IEnumerable<Transaction> Transactions(SimulatedRecords source, int count, long lateBy)
    {
        while (count > 0)
        {
            Assert.True(source.MoveNext());
            if (source.Kind != SourceKind.Transaction)
                continue;
            Assert.Null(decoder.Decode(source.Write(Now, lateBy).ToArray(), out var transaction));
            count--;
            yield return transaction;
        }
    }
}
