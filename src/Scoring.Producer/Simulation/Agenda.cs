namespace Scoring.Producer.Simulation;

/// <summary>One who acts in the simulation when woken and plans what follows.</summary>
internal interface IActor
{
    /// <summary>Acts.</summary>
    /// <param name="nowMicros">The simulation's time.</param>
    /// <param name="agenda">Where to plan what follows, at this time or later.</param>
    void Act(long nowMicros, Agenda agenda);
}

/// <summary>
/// What is going to happen, in order of time; at equal times in order of planning, so that a seed fixes the
/// order. Its length is bounded by the population: an actor is in it once, with a few events of its plan.
/// </summary>
internal sealed class Agenda(Population population, SeededRandom random)
{
    private const int RecentLength = 1_024;

    private readonly PriorityQueue<object, (long Time, long Order)> queue = new();
    private readonly SimulatedTransaction[] recent = new SimulatedTransaction[RecentLength];
    private long planned;
    private long remembered;

    public Population Population => population;

    public SeededRandom Random => random;

    public void Wake(IActor actor, long timeMicros) => queue.Enqueue(actor, (timeMicros, planned++));

    public void Plan(SimulatedEvent happening, long timeMicros)
    {
        happening.EventTimeMicros = timeMicros - (timeMicros % 1_000);
        queue.Enqueue(happening, (happening.EventTimeMicros, planned++));
    }

    public object Next(out long timeMicros)
    {
        queue.TryDequeue(out var next, out var due);
        timeMicros = due.Time;
        return next!;
    }

    /// <summary>Keeps a customer's purchase at a shop where thieves look for victims.</summary>
    public void Remember(SimulatedTransaction purchase) => recent[remembered++ % RecentLength] = purchase;

    /// <summary>One of the latest purchases at shops that passes the test, the newest tried first; null if none does.</summary>
    public SimulatedTransaction? FindRecent(Func<SimulatedTransaction, bool> test)
    {
        for (var back = 1; back <= Math.Min(remembered, RecentLength); back++)
        {
            var purchase = recent[(remembered - back) % RecentLength];
            if (test(purchase))
                return purchase;
        }

        return null;
    }
}
