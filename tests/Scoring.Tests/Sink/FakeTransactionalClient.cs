using Scoring.Actors.Log;
using Scoring.Actors.Sink;
using Scoring.Tests.Source;

namespace Scoring.Tests.Sink;

/// <summary>What the brokers of a fake client keep: what readers of committed records see, and the group's offsets.</summary>
internal sealed class FakeBrokers
{
    public List<string> Visible { get; } = [];

    public Dictionary<int, long> Offsets { get; } = [];

    public int Aborts { get; set; }

    public List<FakeTransactionalClient> Clients { get; } = [];

    /// <summary>Called before each call of a client, by its name; what it throws is the call's failure.</summary>
    public Action<string> Calling { get; set; } = static _ => { };

    /// <summary>The call that takes all the time it is given and then says that there was no answer; null for none.</summary>
    public string? Unanswered { get; set; }

    /// <summary>The clock that such a call moves.</summary>
    public TurnedTime? Time { get; set; }

    /// <summary>Records whose values are this long or longer are refused for their size.</summary>
    public int MaxValueBytes { get; set; } = int.MaxValue;

    /// <summary>How many of the next records the client does not take, without a word at the commit.</summary>
    public int RefusesFor { get; set; }

    /// <summary>How many of the next records find the queue full.</summary>
    public int FullFor { get; set; }

    public void Call(string name, TimeSpan timeout)
    {
        Calling(name);
        if (Unanswered != name)
            return;
        Time!.Advance(timeout);
        // A flush that did not come to its end says nothing of it.
        if (name != "flush")
            throw new TransactionException(TransactionFailure.Retriable, "made to give no answer", null);
    }

    public FakeTransactionalClient Connect()
    {
        Clients.Add(new FakeTransactionalClient(this));
        return Clients[^1];
    }
}

/// <summary>A transactional client whose transactions are visible when they are committed.</summary>
internal sealed class FakeTransactionalClient(FakeBrokers brokers) : ITransactionalClient
{
    private readonly List<string> records = [];
    private readonly List<(int Partition, long Offset)> offsets = [];

    public bool IsOpen { get; private set; }

    public bool IsDisposed { get; private set; }

    public void Start(TimeSpan timeout) => brokers.Call("start", timeout);

    public void Begin()
    {
        brokers.Calling("begin");
        Assert.False(IsOpen);
        IsOpen = true;
    }

    public bool TryProduce(in OutputRecord record, Action<AppendFailure, string> failed)
    {
        Assert.True(IsOpen);
        if (brokers.FullFor > 0)
        {
            brokers.FullFor--;
            return false;
        }

        if (brokers.RefusesFor > 0)
        {
            brokers.RefusesFor--;
            failed(AppendFailure.Broken, "made to fail");
        }
        else if (record.Value?.Length >= brokers.MaxValueBytes)
            failed(AppendFailure.TooLarge, "too large");
        else
            records.Add(System.Text.Encoding.UTF8.GetString(record.Value ?? "null"u8));
        return true;
    }

    public void Flush(TimeSpan timeout) => brokers.Call("flush", timeout);

    public void SendOffsets(IReadOnlyList<(int Partition, long Offset)> offsets, TimeSpan timeout)
    {
        brokers.Call("offsets", timeout);
        this.offsets.AddRange(offsets);
    }

    public void Commit(TimeSpan timeout)
    {
        brokers.Call("commit", timeout);
        brokers.Visible.AddRange(records);
        foreach (var (partition, offset) in offsets)
            brokers.Offsets[partition] = offset;
        End();
    }

    public void Abort(TimeSpan timeout)
    {
        brokers.Call("abort", timeout);
        brokers.Aborts++;
        End();
    }

    public void Dispose() => IsDisposed = true;

    private void End()
    {
        records.Clear();
        offsets.Clear();
        IsOpen = false;
    }
}
