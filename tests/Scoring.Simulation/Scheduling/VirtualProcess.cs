namespace Scoring.Simulation.Scheduling;

/// <summary>
/// One operating-system process of the simulation, and the scheduler of its tasks. It can crash between any two
/// steps, which drops all it had to do, and it can be paused, as by SIGSTOP, and go on later.
/// </summary>
public sealed class VirtualProcess : TaskScheduler, IDisposable
{
    private readonly List<VirtualThread> threads = [];

    internal VirtualProcess(VirtualScheduler scheduler, string name, int number)
    {
        Scheduler = scheduler;
        Name = name;
        Number = number;
        Time = new VirtualTime(this);
    }

    /// <summary>Its name in the trace.</summary>
    public string Name { get; }

    /// <summary>Its clock.</summary>
    public VirtualTime Time { get; }

    /// <summary>What runs it.</summary>
    public VirtualScheduler Scheduler { get; }

    /// <summary>Whether it is gone.</summary>
    public bool IsCrashed { get; private set; }

    /// <summary>Whether it stands still.</summary>
    public bool IsPaused { get; private set; }

    internal int Number { get; }

    internal List<VirtualScheduler.Work> Held { get; } = [];

    /// <summary>Ends it between two steps: nothing of it runs any more.</summary>
    public void Crash()
    {
        if (IsCrashed)
            return;
        IsCrashed = true;
        Scheduler.Drop(this);
    }

    /// <summary>Lets it stand still.</summary>
    public void Pause()
    {
        IsPaused = true;
        Scheduler.Hold(this);
    }

    /// <summary>Lets it go on.</summary>
    public void Resume()
    {
        IsPaused = false;
        Scheduler.Release(this);
    }

    /// <summary>Does something in a step of its own.</summary>
    /// <param name="action">What; it must not block.</param>
    /// <param name="name">What orders it among others of one step whose order is chance; null for none.</param>
    public void Run(Action action, string? name = null) => Scheduler.Post(new VirtualScheduler.Work(this, action, Name: name));

    /// <summary>Does something that may block in <see cref="Wait"/>, as a thread of the process would.</summary>
    /// <param name="action">What.</param>
    public void RunBlocking(Action action)
    {
        var thread = threads.Find(t => t.IsIdle);
        if (thread is null)
            threads.Add(thread = new VirtualThread(this));
        thread.IsIdle = false;
        Scheduler.Post(new VirtualScheduler.Work(this, action, thread));
    }

    /// <summary>Blocks the calling thread of the process until a task has ended; the others go on meanwhile.</summary>
    /// <param name="task">The task.</param>
    /// <param name="timeout">How much virtual time may pass.</param>
    /// <returns>Whether it has ended.</returns>
    /// <exception cref="ProcessCrashedException">The process crashed meanwhile.</exception>
    public bool Wait(Task task, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(task);
        return Scheduler.Wait(this, task, timeout);
    }

    /// <summary>Refuses a process that has crashed; what it still calls while it unwinds must have no effect.</summary>
    public void ThrowIfCrashed()
    {
        if (IsCrashed)
            throw new ProcessCrashedException(Name);
    }

    /// <inheritdoc/>
    public override int MaximumConcurrencyLevel => 1;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var thread in threads)
            thread.Dispose();
    }

    /// <inheritdoc/>
    protected override void QueueTask(Task task) => Run(() => TryExecuteTask(task));

    /// <inheritdoc/>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    /// <inheritdoc/>
    protected override IEnumerable<Task>? GetScheduledTasks() => null;
}

/// <summary>The simulated process has crashed: what it called has no effect.</summary>
/// <param name="process">The process.</param>
public sealed class ProcessCrashedException(string process) : Exception($"process {process} has crashed");
