namespace Scoring.Kafka.Threads;

/// <summary>One turn of a loop: does what there is to do, once.</summary>
/// <returns>
/// How long the loop may rest before its next turn unless it is woken: zero for not at all, infinite for until it is woken; null
/// ends the loop.
/// </returns>
public delegate TimeSpan? Turn();

/// <summary>
/// Runs the loops that own Kafka's clients or block in them. In the service each loop is a thread of its own
/// (<see cref="ThreadTurns"/>); a simulation takes the turns itself, on its one thread, when its seed says so.
/// </summary>
public interface ITurnScheduler
{
    /// <summary>Starts a loop: its turns are taken one after the other, never two at a time.</summary>
    /// <param name="name">What the loop is for; the thread's name.</param>
    /// <param name="turn">One turn.</param>
    /// <param name="failed">Is told, by the loop, of an exception that left a turn; no further turn is taken.</param>
    ITurnLoop Start(string name, Turn turn, Action<Exception> failed);
}

/// <summary>A loop that was started.</summary>
public interface ITurnLoop
{
    /// <summary>Ends once no turn is under way and none will be.</summary>
    Task Ended { get; }

    /// <summary>Ends the loop's rest: a turn begins after this. Any thread may call it; it never blocks.</summary>
    void Wake();

    /// <summary>No further turn begins.</summary>
    void Stop();
}
