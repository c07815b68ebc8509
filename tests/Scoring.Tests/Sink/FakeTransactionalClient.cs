using Scoring.Actors.Log;
using Scoring.Actors.Sink;

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

    /// <summary>Records whose values are this long or longer are refused for their size.</summary>
    public int MaxValueBytes { get; set; } = int.MaxValue;

    /// <summary>How many of the next records the client does not take, without a word at the commit.</summary>
    public int RefusesFor { get; set; }

    /// <summary>How many of the next records find the queue full.</summary>
    public int FullFor { get; set; }

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

    public void Start() => brokers.Calling("start");

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

    public void Flush() => brokers.Calling("flush");

    public void SendOffsets(IReadOnlyList<(int Partition, long Offset)> offsets)
    {
        brokers.Calling("offsets");
        this.offsets.AddRange(offsets);
    }

    public void Commit()
    {
        brokers.Calling("commit");
        brokers.Visible.AddRange(records);
        foreach (var (partition, offset) in offsets)
            brokers.Offsets[partition] = offset;
        End();
    }

    public void Abort()
    {
        brokers.Calling("abort");
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
