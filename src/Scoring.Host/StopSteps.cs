namespace Scoring.Host;

/// <summary>The steps of a stop, of which none may be left out for another's failure: a node that does not leave its group holds its partitions up.</summary>
internal static class StopSteps
{
    /// <summary>Runs the steps one after the other.</summary>
    /// <param name="steps">The steps.</param>
    /// <exception cref="AggregateException">Some failed, after all have run.</exception>
    internal static async Task RunAsync(params Func<Task>[] steps)
    {
        var failures = new List<Exception>();
        foreach (var step in steps)
        {
            try
            {
                await step();
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

    /// <summary>A step that waits for nothing.</summary>
    /// <param name="action">What it does.</param>
    internal static Func<Task> Of(Action action) => () =>
    {
        action();
        return Task.CompletedTask;
    };
}
