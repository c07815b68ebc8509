using Scoring.Kafka.Threads;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>Loops whose turns the test takes, on its own thread.</summary>
internal sealed class ManualTurns : ITurnScheduler
{
    private readonly List<Loop> loops = [];

    /// <summary>The loop whose turn it is; null between turns.</summary>
    public string? Current { get; private set; }

    public IEnumerable<string> Names => loops.Where(l => !l.IsOver).Select(l => l.Name);

    public ITurnLoop Start(string name, Turn turn, Action<Exception> failed)
    {
        var loop = new Loop(this, name, turn, failed);
        loops.Add(loop);
        return loop;
    }

    /// <summary>Takes one turn of a loop.</summary>
    /// <returns>How long it would rest; null if it has ended.</returns>
    public TimeSpan? Turn(string name) => loops.Last(l => l.Name == name).Take();

    /// <summary>Takes turns of all loops, round and round.</summary>
    public void Run(int rounds = 4)
    {
        for (var round = 0; round < rounds; round++)
        {
            foreach (var loop in loops.ToList())
                loop.Take();
        }
    }

    /// <summary>Takes a turn of a loop that the random numbers choose.</summary>
    public void TurnAny(Random random)
    {
        var living = loops.FindAll(l => !l.IsOver);
        living[random.Next(living.Count)].Take();
    }

    private sealed class Loop(ManualTurns turns, string name, Turn turn, Action<Exception> failed) : ITurnLoop
    {
        private readonly TaskCompletionSource ended = new();

        public string Name => name;

        public bool IsOver => ended.Task.IsCompleted;

        public Task Ended => ended.Task;

        public void Wake()
        {
            // The test decides when its turn comes.
        }

        public void Stop() => ended.TrySetResult();

        public TimeSpan? Take()
        {
            if (IsOver)
                return null;
            var before = turns.Current;
            turns.Current = name;
            TimeSpan? rest = null;
            try
            {
                rest = turn();
            }
            catch (Exception e)
            {
                failed(e);
            }
            finally
            {
                turns.Current = before;
            }

            if (rest is null)
                ended.TrySetResult();
            return rest;
        }
    }
}
