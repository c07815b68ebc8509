namespace Scoring.Actors.Parts;

/// <summary>The steps of a stop, of which none may be left out for another's failure: a node that does not leave its group holds its partitions up.</summary>
public static class StopSteps
{
    /// <summary>Runs the steps one after the other.</summary>
    /// <param name="steps">The steps.</param>
    /// <exception cref="AggregateException">Some failed, after all have run. A step that consists of steps adds each of their failures.</exception>
    public static async Task RunAsync(params IEnumerable<Func<Task>> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        var failures = new List<Exception>();
        foreach (var step in steps)
        {
            try
            {
                await step();
            }
            catch (AggregateException e)
            {
                failures.AddRange(e.InnerExceptions);
            }
#pragma warning disable CA1031 // Thrown again behind the last step.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failures.Add(e);
            }
        }

        if (failures.Count > 0)
            throw new AggregateException("the node did not stop in order", failures);
    }

    /// <summary>Several steps at once as one, which ends with the last of them.</summary>
    /// <param name="steps">The steps.</param>
    public static Func<Task> AtOnce(IReadOnlyList<Func<Task>> steps) => async () =>
    {
        var all = Task.WhenAll(steps.Select(RunOneAsync));
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (all.Exception is { } failures)
            throw failures;
    };

    /// <summary>A step that waits for nothing.</summary>
    /// <param name="action">What it does.</param>
    public static Func<Task> Of(Action action) => () =>
    {
        action();
        return Task.CompletedTask;
    };

    // What a step throws before it waits becomes its task's failure too.
    private static async Task RunOneAsync(Func<Task> step) => await step();
}
