using System.Threading.Channels;
using Scoring.Simulation.Scheduling;

namespace Scoring.Tests.Simulation;

public class VirtualSchedulerTests
{
    [Fact]
    public void The_same_seed_gives_the_same_run_and_another_seed_another()
    {
        var hashes = Enumerable.Range(0, 5).Select(seed => (First: Hash(seed), Second: Hash(seed))).ToList();

        Assert.All(hashes, h => Assert.Equal(h.First, h.Second));
        Assert.Equal(5, hashes.Select(h => h.First).Distinct().Count());
    }

    [Fact]
    public void Time_stands_still_while_work_is_ready_and_then_jumps_to_the_next_timer()
    {
        using var scheduler = new VirtualScheduler(1);
        var process = scheduler.Process("p");
        var times = new List<TimeSpan>();
        Start(process, async () =>
        {
            await Task.Delay(TimeSpan.FromHours(1), process.Time);
            times.Add(scheduler.Now);
            await Task.Delay(TimeSpan.FromHours(1), process.Time);
            times.Add(scheduler.Now);
        });

        while (scheduler.Step())
        {
        }

        Assert.Equal([TimeSpan.FromHours(1), TimeSpan.FromHours(2)], times);
        Assert.Null(scheduler.Escaped);
    }

    [Fact]
    public void A_blocked_thread_lets_the_others_run_and_goes_on_when_its_task_ends_or_its_time_is_up()
    {
        using var scheduler = new VirtualScheduler(2);
        var process = scheduler.Process("p");
        var ended = new TaskCompletionSource();
        var results = new List<(bool, TimeSpan)>();
        process.RunBlocking(() =>
        {
            results.Add((process.Wait(ended.Task, TimeSpan.FromSeconds(9)), scheduler.Now));
            results.Add((process.Wait(new TaskCompletionSource().Task, TimeSpan.FromSeconds(5)), scheduler.Now));
        });
        scheduler.After(process, TimeSpan.FromSeconds(3), ended.SetResult);

        while (scheduler.Step())
        {
        }

        Assert.Equal([(true, TimeSpan.FromSeconds(3)), (false, TimeSpan.FromSeconds(8))], results);
    }

    [Fact]
    public void A_crash_drops_what_was_to_come_and_unwinds_what_blocks()
    {
        using var scheduler = new VirtualScheduler(3);
        var process = scheduler.Process("p");
        var reached = new List<string>();
        Start(process, async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(2), process.Time);
            reached.Add("task");
        });
        process.RunBlocking(() =>
        {
            try
            {
                process.Wait(new TaskCompletionSource().Task, TimeSpan.FromSeconds(2));
            }
            catch (ProcessCrashedException)
            {
                reached.Add("unwound");
            }
        });
        scheduler.After(scheduler.Environment, TimeSpan.FromSeconds(1), process.Crash);

        while (scheduler.Step())
        {
        }

        Assert.Equal(["unwound"], reached);
    }

    [Fact]
    public void A_paused_process_goes_on_where_it_stood()
    {
        using var scheduler = new VirtualScheduler(4);
        var process = scheduler.Process("p");
        var at = TimeSpan.Zero;
        Start(process, async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), process.Time);
            at = scheduler.Now;
        });
        scheduler.Step();
        process.Pause();
        scheduler.After(scheduler.Environment, TimeSpan.FromMinutes(1), process.Resume);

        while (scheduler.Step())
        {
        }

        Assert.Equal(TimeSpan.FromMinutes(1), at);
    }

    private static ulong Hash(int seed)
    {
        using var scheduler = new VirtualScheduler(seed);
        var processes = Enumerable.Range(0, 3).Select(i => scheduler.Process($"p{i}")).ToList();
        var channel = Channel.CreateUnbounded<int>();
        foreach (var process in processes)
        {
            Start(process, async () =>
            {
                for (var i = 0; i < 20; i++)
                {
                    channel.Writer.TryWrite(i);
                    await Task.Delay(TimeSpan.FromMilliseconds(i % 3), process.Time);
                    scheduler.Trace.Note($"{process.Name} {await channel.Reader.ReadAsync()}");
                }
            });
        }

        while (scheduler.Step())
        {
        }

        Assert.Null(scheduler.Escaped);
        return scheduler.Trace.Hash;
    }

    private static void Start(VirtualProcess process, Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, process);
}
