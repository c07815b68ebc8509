using Scoring.Kafka.Threads;

namespace Scoring.Tests.Kafka.Threads;

public sealed class ThreadTurnsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ThreadTurns turns = new();

    [Fact]
    public async Task A_loop_rests_until_it_is_woken_and_ends_when_its_turn_says_so()
    {
        var count = 0;
        using var turned = new SemaphoreSlim(0);
        var loop = turns.Start(
            "test",
            () =>
            {
                turned.Release();
                return ++count < 3 ? Timeout.InfiniteTimeSpan : null;
            },
            _ => { });
        for (var i = 0; i < 2; i++)
        {
            Assert.True(await turned.WaitAsync(Patience));
            loop.Wake();
        }

        await loop.Ended.WaitAsync(Patience);
        Assert.Equal(3, count);
    }

    [Fact]
    public async Task A_loop_that_is_woken_during_its_turn_has_another()
    {
        ITurnLoop? loop = null;
        using var started = new ManualResetEventSlim();
        var count = 0;
        loop = turns.Start(
            "test",
            () =>
            {
                started.Wait(Patience);
                if (++count == 2)
                    return null;
                loop!.Wake();
                return Timeout.InfiniteTimeSpan;
            },
            _ => { });
        started.Set();
        await loop.Ended.WaitAsync(Patience);
        Assert.Equal(2, count);
    }

    [Fact]
    public async Task A_loop_that_is_stopped_while_it_rests_ends()
    {
        using var turned = new SemaphoreSlim(0);
        var loop = turns.Start(
            "test",
            () =>
            {
                turned.Release();
                return Timeout.InfiniteTimeSpan;
            },
            _ => { });
        Assert.True(await turned.WaitAsync(Patience));
        loop.Stop();
        await loop.Ended.WaitAsync(Patience);
    }

    [Fact]
    public async Task What_leaves_a_turn_is_told_and_ends_the_loop()
    {
        Exception? told = null;
        var loop = turns.Start("test", () => throw new InvalidCastException("a defect"), e => told = e);
        await loop.Ended.WaitAsync(Patience);
        Assert.IsType<InvalidCastException>(told);
    }

    [Fact]
    public async Task A_turn_is_not_lost_among_many_wakes()
    {
        const int Many = 20_000;
        var (asked, done) = (0, 0);
        using var all = new ManualResetEventSlim();
        var loop = turns.Start(
            "test",
            () =>
            {
                done = Volatile.Read(ref asked);
                if (done == Many)
                    all.Set();
                return Timeout.InfiniteTimeSpan;
            },
            _ => { });
        for (var i = 0; i < Many; i++)
        {
            Volatile.Write(ref asked, i + 1);
            loop.Wake();
        }

        await Task.Factory.StartNew(() => Assert.True(all.Wait(Patience), $"{done} of {Many}"), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        loop.Stop();
        await loop.Ended.WaitAsync(Patience);
    }
}
