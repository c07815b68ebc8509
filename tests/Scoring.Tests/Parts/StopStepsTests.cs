using Scoring.Actors.Parts;

namespace Scoring.Tests.Parts;

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

    [Fact]
    public async Task Steps_at_once_all_run_and_all_their_failures_are_told_beside_those_of_the_others()
    {
        var ran = new List<int>();
        var error = await Assert.ThrowsAsync<AggregateException>(() => StopSteps.RunAsync(
            StopSteps.AtOnce(
            [
                () => throw new InvalidOperationException("one"),
                () => Task.FromException(new InvalidDataException("two")),
                StopSteps.Of(() => ran.Add(2)),
            ]),
            StopSteps.Of(() => throw new InvalidOperationException("three")),
            StopSteps.Of(() => ran.Add(4))));
        Assert.Equal([2, 4], ran);
        Assert.Equal(["one", "two", "three"], error.InnerExceptions.Select(e => e.Message));
        Assert.StartsWith("the node did not stop in order", error.Message, StringComparison.Ordinal);
    }
}
