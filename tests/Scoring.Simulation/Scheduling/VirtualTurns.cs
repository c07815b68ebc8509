using Scoring.Kafka.Threads;

namespace Scoring.Simulation.Scheduling;

/// <summary>The loops of a simulated process: a turn is taken when the seed says so, and may block in virtual time.</summary>
/// <param name="process">Whose they are.</param>
internal sealed class VirtualTurns(VirtualProcess process) : ITurnScheduler
{
    /// <summary>The loop that polls, whose client never blocks here.</summary>
    internal const string Poll = "kafka-poll";

    /// <summary>How long the loop that polls rests after a turn.</summary>
    internal Func<TimeSpan> PollRest { get; init; } = static () => TimeSpan.FromMilliseconds(10);

    /// <summary>Is told of a turn that threw.</summary>
    internal Action<string, Exception> Failed { get; init; } = static (_, _) => { };

    public ITurnLoop Start(string name, Turn turn, Action<Exception> failed)
    {
        var loop = new Loop(this, name, turn, failed);
        loop.Wake();
        return loop;
    }

    private sealed class Loop(VirtualTurns turns, string name, Turn turn, Action<Exception> failed) : ITurnLoop
    {
        private readonly TaskCompletionSource ended = new();
        private bool isUnderWay;
        private bool isWoken;
        private bool isStopped;
        private long rests;

        public Task Ended => ended.Task;

        public void Wake()
        {
            isWoken = true;
            if (!isUnderWay)
                Begin();
        }

        public void Stop()
        {
            isStopped = true;
            Wake();
        }

        private void Begin()
        {
            if (ended.Task.IsCompleted)
                return;
            isUnderWay = true;
            if (name == Poll)
                turns.Process.Run(Take);
            else
                turns.Process.RunBlocking(Take);
        }

        private void Take()
        {
            isWoken = false;
            TimeSpan? pause = null;
            try
            {
                pause = isStopped ? null : turn();
            }
            catch (ProcessCrashedException)
            {
                return;
            }
#pragma warning disable CA1031 // As the service's own loops: handed to whoever started it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                turns.Failed(name, e);
                failed(e);
            }

            isUnderWay = false;
            if (turns.Process.IsCrashed)
                return;
            if (pause is { } rest)
                Rest(name == Poll && rest == TimeSpan.Zero ? turns.PollRest() : rest);
            else
                ended.TrySetResult();
        }

        private void Rest(TimeSpan pause)
        {
            if (isWoken || pause == TimeSpan.Zero)
            {
                Begin();
                return;
            }

            var its = ++rests;
            if (pause != Timeout.InfiniteTimeSpan)
                turns.Process.Scheduler.After(turns.Process, pause, () => Due(its));
        }

        private void Due(long rest)
        {
            if (!isUnderWay && rest == rests)
                Begin();
        }
    }

    private VirtualProcess Process => process;
}
