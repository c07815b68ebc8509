using Scoring.Actors.Log;

namespace Scoring.Tests.Pipeline;

/// <summary>An output log that acknowledges when it is told to, and can be full or fail.</summary>
internal sealed class HeldLog : IOutputLog
{
    private readonly Lock gate = new();
    private readonly List<(OutputRecord Record, AppendObserver Observer)> appended = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> waiters = [];
    private readonly HashSet<int> settled = [];

    /// <summary>How many of the next appends are refused because the queue is full.</summary>
    public int FullFor { get; set; }

    /// <summary>Whether every append is acknowledged at once.</summary>
    public bool AcknowledgesAtOnce { get; set; }

    /// <summary>Records larger than this are refused for their size.</summary>
    public int MaxValueBytes { get; set; } = int.MaxValue;

    /// <summary>Is shown each record before it is taken.</summary>
    public Action<OutputRecord>? Appending { get; set; }

    public IReadOnlyList<OutputRecord> Appended
    {
        get
        {
            lock (gate)
                return [.. appended.Select(a => a.Record)];
        }
    }

    public bool TryAppend(in OutputRecord record, AppendObserver observer)
    {
        Appending?.Invoke(record);
        lock (gate)
        {
            if (FullFor > 0)
            {
                FullFor--;
                return false;
            }

            appended.Add((record, observer));
            foreach (var (count, reached) in waiters)
            {
                if (appended.Count >= count)
                    reached.TrySetResult();
            }
        }

        if (record.Value?.Length > MaxValueBytes)
            observer.Failed(AppendFailure.TooLarge, "too large");
        else if (AcknowledgesAtOnce)
            observer.Appended();
        return true;
    }

    /// <summary>Ends when so many records were appended.</summary>
    public Task ReachedAsync(int count)
    {
        lock (gate)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (appended.Count >= count)
                reached.SetResult();
            else
                waiters.Add((count, reached));
            return reached.Task.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    public void Acknowledge(int index) => Settle(index, observer => observer.Appended());

    public void AcknowledgeAll()
    {
        for (var i = 0; i < Appended.Count; i++)
            Acknowledge(i);
    }

    public void Fail(int index, AppendFailure failure) => Settle(index, observer => observer.Failed(failure, "made to fail"));

    private void Settle(int index, Action<AppendObserver> how)
    {
        AppendObserver observer;
        lock (gate)
        {
            if (!settled.Add(index))
                return;
            observer = appended[index].Observer;
        }

        how(observer);
    }
}
