using Scoring.Host;

namespace Scoring.Tests.Host;

public class StopStepsTests
{
    [Fact]
    public async Task Every_step_runs_in_order_whatever_another_throws()
    {
        var ran = new List<int>();
        var error = await Assert.ThrowsAsync<AggregateException>(() => StopSteps.RunAsync(
            StopSteps.Of(() => ran.Add(0)),
            StopSteps.Of(() => throw new InvalidOperationException("one")),
            () => Task.FromException(new InvalidDataException("two")),
            () => Task.CompletedTask,
            StopSteps.Of(() => ran.Add(4))));
        Assert.Equal([0, 4], ran);
        Assert.Equal(["one", "two"], error.InnerExceptions.Select(e => e.Message));
    }

    [Fact]
    public Task Steps_that_all_succeed_throw_nothing() => StopSteps.RunAsync(StopSteps.Of(() => { }), () => Task.CompletedTask);
}
