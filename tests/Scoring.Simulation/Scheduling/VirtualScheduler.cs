namespace Scoring.Simulation.Scheduling;

/// <summary>
/// Runs everything of a simulation on one thread at a time. A step is a mailbox's run, a timer's callback, a loop's turn or the next
/// stretch of a blocking call; a seed chooses which of those that are ready comes next, and when virtual time moves on. So a
/// run is a function of its seed: the hash of its trace tells two runs apart.
/// </summary>
public sealed class VirtualScheduler : IDisposable
{
    // Time moves on although work is ready: seldom, and mostly by little, as on a busy machine.
    private const int NearStallOneIn = 24;
    private const int FarStallOneIn = 60;
    private static readonly TimeSpan NearStall = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan FarStall = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private readonly List<Work> ready = [];
    private readonly List<BlockedThread> blocked = [];
    private readonly PriorityQueue<VirtualTimer, (long Due, long Number)> timers = new();
    private readonly List<VirtualProcess> processes = [];
    private readonly Random random;
    private long timerNumber;
    private VirtualThread? running;
    private int runnerThread;

    /// <summary>Makes a scheduler at time zero.</summary>
    /// <param name="seed">Decides every choice.</param>
    public VirtualScheduler(int seed)
    {
        random = new Random(seed);
        Environment = Process("world");
        runnerThread = System.Environment.CurrentManagedThreadId;
    }

    /// <summary>What happened so far.</summary>
    public Trace Trace { get; } = new();

    /// <summary>The process that never crashes: networks, brokers and databases live in it.</summary>
    public VirtualProcess Environment { get; }

    /// <summary>Virtual time since the start.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>How many steps were taken.</summary>
    public long Steps { get; private set; }

    /// <summary>What came from a thread that the scheduler does not run: such work makes a run depend on chance.</summary>
    public string? Escaped { get; private set; }

    /// <summary>Called after each step, between any two pieces of work.</summary>
    public Action? AfterStep { get; set; }

    /// <summary>Makes a process, which can be paused and can crash.</summary>
    /// <param name="name">Its name in the trace.</param>
    public VirtualProcess Process(string name)
    {
        var process = new VirtualProcess(this, name, processes.Count);
        processes.Add(process);
        return process;
    }

    /// <summary>Takes one step.</summary>
    /// <returns>False if nothing is ready and no timer runs.</returns>
    public bool Step()
    {
        runnerThread = System.Environment.CurrentManagedThreadId;
        WakeBlocked();
        if (ready.Count == 0)
        {
            if (!AdvanceToNextTimer(TimeSpan.MaxValue))
                return false;
        }
        else if (random.Next(NearStallOneIn) == 0 && !AdvanceToNextTimer(NearStall) && random.Next(FarStallOneIn) == 0)
        {
            AdvanceToNextTimer(FarStall);
        }

        WakeBlocked();
        if (TakeReady() is { } work)
        {
            Steps++;
            Trace.Step(work.Process.Number, Now);
            var before = ready.Count;
            Run(work);
            PutInOrder(before);
        }

        AfterStep?.Invoke();
        return true;
    }

    /// <summary>Takes steps until a condition holds.</summary>
    /// <param name="condition">The condition.</param>
    /// <param name="timeout">How much virtual time may pass.</param>
    /// <returns>Whether it holds.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var end = Now + timeout;
        while (!condition())
        {
            if (Now > end || !Step())
                return condition();
        }

        return true;
    }

    /// <summary>Runs an action in a process after a while.</summary>
    /// <param name="process">Where it runs; never if the process has crashed by then, and only once it is no longer paused.</param>
    /// <param name="delay">After how long.</param>
    /// <param name="action">What to do.</param>
    public void After(VirtualProcess process, TimeSpan delay, Action action)
    {
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(action);
        if (delay <= TimeSpan.Zero)
            Post(new Work(process, action));
        else
            _ = new VirtualTimer(process, _ => action(), null, delay, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A seeded number below a bound; for choices of the simulated world.</summary>
    /// <param name="bound">Above 0.</param>
    public int Next(int bound) => random.Next(bound);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var process in processes)
            process.Crash();
        foreach (var process in processes)
            process.Dispose();
    }

    internal void Post(in Work work)
    {
        lock (gate)
        {
            // Also from a finalizer: what a crashed process left behind is collected at any time.
            if (work.Process.IsCrashed)
                return;
            if (running is null ? System.Environment.CurrentManagedThreadId != runnerThread : !running.IsCurrent)
                Escaped ??= $"work for {work.Process.Name} came from a thread of its own:\n{System.Environment.StackTrace}";
            if (work.Process.IsPaused)
                work.Process.Held.Add(work);
            else
                ready.Add(work);
        }
    }

    internal void Schedule(VirtualTimer timer, TimeSpan due) => timers.Enqueue(timer, (due.Ticks, timerNumber++));

    internal void Hold(VirtualProcess process)
    {
        process.Held.AddRange(ready.Where(w => w.Process == process));
        ready.RemoveAll(w => w.Process == process);
    }

    internal void Release(VirtualProcess process)
    {
        ready.AddRange(process.Held);
        process.Held.Clear();
    }

    internal void Drop(VirtualProcess process)
    {
        var woken = ready.Concat(process.Held).Where(w => w.Process == process && w is { Action: null, Thread: not null }).Select(w => w.Thread!);
        var threads = blocked.Select(b => b.Thread).Where(t => t.Process == process).Concat(woken).ToList();
        process.Held.Clear();
        ready.RemoveAll(w => w.Process == process);
        blocked.RemoveAll(b => b.Thread.Process == process);
        // What they were in the middle of unwinds; whatever it calls refuses a process that has crashed.
        foreach (var thread in threads)
            Resume(thread);
    }

    internal bool Wait(VirtualProcess process, Task task, TimeSpan timeout)
    {
        var due = Now + timeout;
        if (process.IsCrashed)
            throw new ProcessCrashedException(process.Name);
        var thread = running ?? throw new InvalidOperationException($"{process.Name} blocks outside of a thread that may");
        blocked.Add(new BlockedThread(thread, task, due));
        After(Environment, timeout, static () => { });
        thread.Yield();
        return process.IsCrashed ? throw new ProcessCrashedException(process.Name) : task.IsCompleted;
    }

    private void Run(in Work work)
    {
        // A caller's context, such as a test runner's, would take continuations away to threads of its own.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        if (work.Action is not { } action)
            Resume(work.Thread!);
        else if (work.Thread is { } blocking)
            Start(blocking, action);
        else
            action();
        SynchronizationContext.SetSynchronizationContext(context);
    }

    private void Start(VirtualThread thread, Action action)
    {
        var before = running;
        running = thread;
        thread.Start(action);
        running = before;
    }

    private void Resume(VirtualThread thread)
    {
        var before = running;
        running = thread;
        thread.Resume();
        running = before;
    }

    private void WakeBlocked()
    {
        for (var i = blocked.Count - 1; i >= 0; i--)
        {
            if (!blocked[i].Task.IsCompleted && Now < blocked[i].Due)
                continue;
            Post(new Work(blocked[i].Thread.Process, null, blocked[i].Thread));
            blocked.RemoveAt(i);
        }
    }

    // What one step makes ready in an order that is chance, as that of the children of an actor that stops.
    private void PutInOrder(int from)
    {
        lock (gate)
        {
            if (ready.Count - from < 2 || !ready.Skip(from).Any(w => w.Name is not null))
                return;
            var added = ready.Skip(from).OrderBy(w => w.Name, StringComparer.Ordinal).ToList();
            ready.RemoveRange(from, ready.Count - from);
            ready.AddRange(added);
        }
    }

    private Work? TakeReady()
    {
        lock (gate)
        {
            if (ready.Count == 0)
                return null;
            var index = random.Next(ready.Count);
            var work = ready[index];
            ready.RemoveAt(index);
            return work;
        }
    }

    private bool AdvanceToNextTimer(TimeSpan atMost)
    {
        while (timers.TryPeek(out var timer, out var key) && (timer.DueAt?.Ticks != key.Due || timer.Process.IsCrashed))
            timers.Dequeue();
        if (!timers.TryPeek(out _, out var first) || (atMost != TimeSpan.MaxValue && first.Due > (Now + atMost).Ticks))
            return false;
        Now = TimeSpan.FromTicks(Math.Max(first.Due, Now.Ticks));
        while (timers.TryPeek(out var due, out var key) && key.Due <= Now.Ticks)
        {
            timers.Dequeue();
            if (due.DueAt?.Ticks == key.Due)
                due.Fire();
        }

        return true;
    }

    /// <summary>Something that is ready to be done.</summary>
    /// <param name="Process">Whose it is.</param>
    /// <param name="Action">What to do; null where a thread goes on.</param>
    /// <param name="Thread">The thread on which it is done, which may block; null where it must not.</param>
    /// <param name="Name">What orders it among others of one step whose order is chance; null for none.</param>
    internal readonly record struct Work(VirtualProcess Process, Action? Action, VirtualThread? Thread = null, string? Name = null);

    private readonly record struct BlockedThread(VirtualThread Thread, Task Task, TimeSpan Due);
}
