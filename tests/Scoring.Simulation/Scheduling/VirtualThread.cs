namespace Scoring.Simulation.Scheduling;

/// <summary>A thread on which blocking code runs. It runs only while the scheduler waits for it, so still one at a time does.</summary>
internal sealed class VirtualThread : IDisposable
{
    private readonly SemaphoreSlim go = new(0);
    private readonly SemaphoreSlim back = new(0);
    private readonly Thread thread;
    private Action? work;
    private bool ended;

    internal VirtualThread(VirtualProcess process)
    {
        Process = process;
        thread = new Thread(Loop) { IsBackground = true, Name = process.Name };
        thread.Start();
    }

    internal VirtualProcess Process { get; }

    /// <summary>Whether it has nothing to do.</summary>
    internal bool IsIdle { get; set; } = true;

    internal bool IsCurrent => System.Environment.CurrentManagedThreadId == thread.ManagedThreadId;

    /// <summary>Runs work on the thread until it ends or blocks.</summary>
    internal void Start(Action action)
    {
        work = action;
        Resume();
    }

    /// <summary>Runs the thread until its work ends or blocks again.</summary>
    internal void Resume()
    {
        go.Release();
        back.Wait();
    }

    /// <summary>Called on the thread: blocks until it is resumed.</summary>
    internal void Yield()
    {
        back.Release();
        go.Wait();
    }

    public void Dispose()
    {
        ended = true;
        go.Release();
        thread.Join();
        go.Dispose();
        back.Dispose();
    }

    private void Loop()
    {
        while (true)
        {
            go.Wait();
            if (ended)
                return;
            work!();
            IsIdle = true;
            back.Release();
        }
    }
}
