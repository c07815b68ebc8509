using Scoring.Kafka.Threads;

namespace Scoring.Tests.Kafka.Threads;

public sealed class StageSignalTests
{
    private readonly StageSignal signal = new();
    private int calls;

    [Fact]
    public void At_most_one_callback_is_under_way()
    {
        signal.Attach(() => calls++);
        signal.Want();
        for (var i = 0; i < 100; i++)
        {
            signal.IfWanted();
            signal.Now();
        }

        Assert.Equal(1, calls);
        signal.Handled();
        signal.Now();
        Assert.Equal(2, calls);
    }

    [Fact]
    public void A_stage_that_wants_nothing_is_told_only_what_is_urgent()
    {
        signal.Attach(() => calls++);
        signal.IfWanted();
        Assert.Equal(0, calls);
        signal.Want();
        signal.Unwant();
        signal.IfWanted();
        Assert.Equal(0, calls);
        signal.Now();
        Assert.Equal(1, calls);
    }

    [Fact]
    public void A_stage_that_has_not_begun_or_has_ended_is_not_called()
    {
        signal.Now();
        signal.Attach(() => calls++);
        signal.Now();
        signal.Handled();
        signal.Detach();
        signal.Now();
        signal.Now();
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task Nothing_that_is_wanted_is_missed()
    {
        // One thread gives, the other takes what there is and wants to be woken when there is none.
        const int Many = 100_000;
        var (given, taken) = (0, 0);
        using var woken = new SemaphoreSlim(0);
        signal.Attach(() => woken.Release());
        var giving = Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; i < Many; i++)
                {
                    Volatile.Write(ref given, given + 1);
                    signal.IfWanted();
                }
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        while (taken < Many)
        {
            if (taken < Volatile.Read(ref given))
            {
                taken++;
                continue;
            }

            signal.Want();
            if (taken < Volatile.Read(ref given))
            {
                signal.Unwant();
                continue;
            }

            Assert.True(await woken.WaitAsync(TimeSpan.FromSeconds(30)), $"nobody woke the taker at {taken} of {Volatile.Read(ref given)}");
            signal.Handled();
        }

        await giving;
    }
}
