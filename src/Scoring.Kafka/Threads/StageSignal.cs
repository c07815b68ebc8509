namespace Scoring.Kafka.Threads;

/// <summary>
/// Wakes a stream's stage from other threads, with at most one callback under way: each is a message in the mailbox of the
/// stream's actor, and one that is not yet handled will see whatever came since. The callback itself says nothing; what
/// has happened stands where the stage looks.
/// </summary>
internal sealed class StageSignal
{
    private const int Idle = 0;
    private const int Wanted = 1;
    private const int Sent = 2;

    private Action? callback;
    private int state;

    /// <summary>The stage has started, and is told from now on. What came before it has to look for by itself, after this.</summary>
    /// <param name="call">The stage's asynchronous callback.</param>
    internal void Attach(Action call) => Interlocked.Exchange(ref callback, call);

    /// <summary>The stage has ended.</summary>
    internal void Detach() => Interlocked.Exchange(ref callback, null);

    /// <summary>
    /// Called by the stage, which has found nothing and wants to know when there is something. It has to look once more after
    /// this: something may have come in between.
    /// </summary>
    internal void Want() => Interlocked.CompareExchange(ref state, Wanted, Idle);

    /// <summary>Called by the stage, which has found something after all.</summary>
    internal void Unwant() => Interlocked.CompareExchange(ref state, Idle, Wanted);

    /// <summary>Called by the stage at the beginning of its callback, before it looks.</summary>
    internal void Handled() => Interlocked.Exchange(ref state, Idle);

    /// <summary>There is something, for a stage that wants it. Any thread.</summary>
    internal void IfWanted()
    {
        // What there is must be seen by a stage that wants it only after this has looked.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref state) == Wanted && Interlocked.CompareExchange(ref state, Sent, Wanted) == Wanted)
            Send();
    }

    /// <summary>There is something that the stage must look at, wanted or not. Any thread.</summary>
    internal void Now()
    {
        if (Interlocked.Exchange(ref state, Sent) != Sent)
            Send();
    }

    private void Send()
    {
        if (Volatile.Read(ref callback) is { } call)
            call();
        else
            Handled();
    }
}
