namespace Scoring.Kafka.Threads;

/// <summary>Each loop on a background thread of its own, so that what blocks in a client holds up nothing else.</summary>
public sealed class ThreadTurns : ITurnScheduler
{
    // A wait of the system's can't be as long as a loop may wish; a turn too many does no harm.
    private static readonly TimeSpan LongestRest = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public ITurnLoop Start(string name, Turn turn, Action<Exception> failed)
    {
        ArgumentNullException.ThrowIfNull(turn);
        ArgumentNullException.ThrowIfNull(failed);
        return new Loop(name, turn, failed);
    }

    private sealed class Loop : ITurnLoop
    {
        private readonly Turn turn;
        private readonly Action<Exception> failed;
        private readonly object rest = new();
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool isStopped;
        private volatile bool isWoken;

        internal Loop(string name, Turn turn, Action<Exception> failed)
        {
            this.turn = turn;
            this.failed = failed;
            new Thread(Run) { Name = name, IsBackground = true }.Start();
        }

        public Task Ended => ended.Task;

        public void Wake()
        {
            // A loop that has been woken and has not got to its turn yet need not be told again; its turn sees what was written before.
            Interlocked.MemoryBarrier();
            if (isWoken)
                return;
            lock (rest)
            {
                isWoken = true;
                Monitor.Pulse(rest);
            }
        }

        public void Stop()
        {
            isStopped = true;
            Wake();
        }

        private void Run()
        {
            try
            {
                while (true)
                {
                    // Before the turn: what comes while it is under way wants another.
                    isWoken = false;
                    Interlocked.MemoryBarrier();
                    if (isStopped || turn() is not { } pause)
                        break;
                    Rest(pause);
                }
            }
#pragma warning disable CA1031 // Handed to whoever started the loop.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failed(e);
            }

            ended.TrySetResult();
        }

        private void Rest(TimeSpan pause)
        {
            if (pause == TimeSpan.Zero)
                return;
            lock (rest)
            {
                if (!isWoken)
                    Monitor.Wait(rest, pause < LongestRest ? pause : LongestRest);
            }
        }
    }
}
