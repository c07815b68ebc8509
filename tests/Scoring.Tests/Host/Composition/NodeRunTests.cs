using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Scoring.Actors.Parts;
using Scoring.Host.Composition;

namespace Scoring.Tests.Host.Composition;

public sealed class NodeRunTests
{
    private readonly List<string> done = [];

    [Fact]
    public async Task Parts_start_in_the_order_in_which_they_were_registered_and_stop_by_phases()
    {
        using var host = Host(
            Part("announcement", StopPhase.Watches),
            Part("outputs", StopPhase.Outputs),
            Part("model", StopPhase.Model),
            Part("ledger", StopPhase.Groups),
            Part("engine", StopPhase.Groups),
            Part("watch", StopPhase.Watches),
            Part("relay", StopPhase.Groups));
        await host.StartAsync();
        Assert.Equal(["+announcement", "+outputs", "+model", "+ledger", "+engine", "+watch", "+relay"], done);
        done.Clear();
        await host.StopAsync();
        Assert.Equal(["-announcement", "-watch", "-ledger", "-engine", "-relay", "-model", "-outputs"], done);
    }

    [Fact]
    public async Task The_members_of_groups_leave_at_once_and_what_they_need_stops_behind_the_last_of_them()
    {
        var last = new TaskCompletionSource();
        using var host = Host(
            Part("model", StopPhase.Model),
            Part("engine", StopPhase.Groups, stop: () => last.Task),
            Part("relay", StopPhase.Groups));
        await host.StartAsync();
        done.Clear();
        var stopped = host.StopAsync();
        Assert.Equal(["-engine", "-relay"], done);
        last.SetResult();
        await stopped;
        Assert.Equal(["-engine", "-relay", "-model"], done);
    }

    [Fact]
    public async Task Every_part_stops_whatever_another_throws_and_all_failures_are_told()
    {
        using var host = Host(
            Part("outputs", StopPhase.Outputs),
            Part("model", StopPhase.Model, stop: () => Task.FromException(new InvalidDataException("three"))),
            Part("engine", StopPhase.Groups, stop: () => throw new InvalidOperationException("one")),
            Part("relay", StopPhase.Groups, stop: () => Task.FromException(new InvalidDataException("two"))),
            Part("watch", StopPhase.Watches, stop: () => throw new InvalidOperationException("zero")));
        await host.StartAsync();
        done.Clear();
        var error = await Assert.ThrowsAsync<AggregateException>(() => host.StopAsync());
        Assert.Equal(["-watch", "-engine", "-relay", "-model", "-outputs"], done);
        Assert.Equal(["zero", "one", "two", "three"], error.InnerExceptions.Select(e => e.Message));
        Assert.StartsWith("the node did not stop in order", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_hosts_limit_for_its_calls_does_not_cut_the_parts_stop_short()
    {
        var end = new TaskCompletionSource();
        using var host = Host(Part("outputs", StopPhase.Outputs), Part("engine", StopPhase.Groups, stop: () => end.Task));
        await host.StartAsync();
        done.Clear();
        using var over = new CancellationTokenSource();
        await over.CancelAsync();
        var stopped = host.StopAsync(over.Token);
        Assert.False(stopped.IsCompleted);
        end.SetResult();
        await stopped;
        Assert.Equal(["-engine", "-outputs"], done);
    }

    [Fact]
    public async Task A_part_that_fails_stops_the_host_and_is_the_reason()
    {
        var failure = new TaskCompletionSource();
        using var host = Host(Part("engine", StopPhase.Groups, completion: failure.Task), Part("relay", StopPhase.Groups, completion: new TaskCompletionSource().Task));
        await host.StartAsync();
        var stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        Assert.False(stopping.IsCancellationRequested);
        failure.SetException(new InvalidDataException("the engine"));
        await host.WaitForShutdownAsync();
        Assert.Equal(["-engine", "-relay"], done[2..]);
        Assert.Equal("the engine", host.Services.GetRequiredService<NodeLife>().Completion.Exception?.GetBaseException().Message);
    }

    [Fact]
    public async Task A_part_that_cannot_start_stops_the_host_and_those_behind_it_are_not_started()
    {
        using var host = Host(
            Part("ledger", StopPhase.Groups),
            Part("engine", StopPhase.Groups, start: _ => throw new InvalidDataException("no")),
            Part("relay", StopPhase.Groups));
        await host.StartAsync();
        await host.WaitForShutdownAsync();
        Assert.Equal(["+ledger", "+engine", "-ledger", "-engine", "-relay"], done);
        Assert.Equal("no", host.Services.GetRequiredService<NodeLife>().Completion.Exception?.GetBaseException().Message);
    }

    [Fact]
    public async Task A_stop_ends_a_start_that_waits_and_is_no_failure()
    {
        using var host = Host(Part("engine", StopPhase.Groups, start: cancel => Task.Delay(Timeout.InfiniteTimeSpan, cancel)), Part("relay", StopPhase.Groups));
        await host.StartAsync();
        await host.StopAsync();
        Assert.Equal(["+engine", "-engine", "-relay"], done);
        Assert.False(host.Services.GetRequiredService<NodeLife>().Completion.IsFaulted);
    }

    [Fact]
    public async Task A_part_behind_one_that_had_started_when_the_stop_came_is_not_started()
    {
        var started = new TaskCompletionSource();
        using var host = Host(Part("engine", StopPhase.Groups, start: _ => started.Task), Part("relay", StopPhase.Groups));
        await host.StartAsync();
        var stopped = host.StopAsync();
        started.SetResult();
        await stopped;
        Assert.Equal(["+engine", "-engine", "-relay"], done);
    }

    [Fact]
    public async Task Parts_stop_once_however_often_the_host_is_asked_to()
    {
        using var host = Host(Part("engine", StopPhase.Groups));
        await host.StartAsync();
        await host.StopAsync();
        await host.StopAsync();
        Assert.Equal(["+engine", "-engine"], done);
    }

    private NodePart Part(string name, StopPhase phase, Func<CancellationToken, Task>? start = null, Func<Task>? stop = null, Task? completion = null) => new(phase)
    {
        StartAsync = cancel =>
        {
            done.Add($"+{name}");
            return start?.Invoke(cancel) ?? Task.CompletedTask;
        },
        StopAsync = () =>
        {
            done.Add($"-{name}");
            return stop?.Invoke() ?? Task.CompletedTask;
        },
        Completion = completion,
    };

    private static IHost Host(params NodePart[] parts)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton<NodeLife>().AddHostedService<NodeRun>();
        foreach (var part in parts)
            builder.Services.AddNodePart(_ => part);
        return builder.Build();
    }
}
