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

    /// <summary>Starts a piece of work that may block in <see cref="Wait"/>, as a thread of the process would.</summary>
    /// <param name="action">The work.</param>
    /// <returns>Ends with it.</returns>
    public Task RunBlocking(Action action)
    {
        var task = new Task(action);
        var thread = threads.Find(t => t.IsIdle);
        if (thread is null)
            threads.Add(thread = new VirtualThread(this));
        thread.IsIdle = false;
        // Started by hand: only so does the task know that this is its scheduler.
        pendingThread = thread;
        task.Start(this);
        return task;
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

    /// <summary>
    /// As <see cref="Wait"/>, for a thread that holds a lock which others of the process ask for: none of those that are
    /// blocked goes on before this has.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="timeout">How much virtual time may pass.</param>
    /// <returns>Whether it has ended.</returns>
    /// <exception cref="ProcessCrashedException">The process crashed meanwhile.</exception>
    public bool WaitHolding(Task task, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(task);
        Holder = Scheduler.Running;
        try
        {
            return Scheduler.Wait(this, task, timeout);
        }
        finally
        {
            Holder = null;
        }
    }

    /// <summary>Whether a thread is in <see cref="WaitHolding"/>; what takes the same lock must not begin.</summary>
    public bool IsLocked => Holder is not null;

    internal VirtualThread? Holder { get; private set; }

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

    internal void Execute(Task task) => TryExecuteTask(task);

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        var thread = pendingThread;
        pendingThread = null;
        Scheduler.Post(new VirtualScheduler.Work(this, task, null, thread));
    }

    /// <inheritdoc/>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    /// <inheritdoc/>
    protected override IEnumerable<Task>? GetScheduledTasks() => null;

    private VirtualThread? pendingThread;
}

/// <summary>The simulated process has crashed: what it called has no effect.</summary>
/// <param name="process">The process.</param>
public sealed class ProcessCrashedException(string process) : Exception($"process {process} has crashed");
