using System.Text;
using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>
/// A transactional client with librdkafka's and the brokers' ways: each init gets an epoch and fences those before; what is
/// committed becomes visible with its offsets; out of its order a call is a defect.
/// </summary>
internal sealed class FakeTransactionalClient(FakeKafka kafka, string id) : ITransactionalClient
{
    private readonly List<(ProducerRecord Record, DeliveryObserver Observer)> records = [];
    private readonly Queue<DeliveryObserver> unacknowledged = [];
    private readonly List<TopicPartitionOffset> offsets = [];
    private int? epoch;

    public List<string> Calls { get; } = [];

    /// <summary>The failures of the next calls, by name; null lets one succeed.</summary>
    public Dictionary<string, Queue<KafkaFailure?>> Fails { get; } = [];

    /// <summary>Called before each call, with its name.</summary>
    public Action<string> Calling { get; set; } = static _ => { };

    public int Room { get; set; } = int.MaxValue;

    /// <summary>Whether records wait for <see cref="Acknowledge"/>; else each is acknowledged at once.</summary>
    public bool HoldsBack { get; set; }

    public int MaxValueBytes { get; set; } = int.MaxValue;

    public bool IsOpen { get; private set; }

    public bool IsDisposed { get; private set; }

    public int Records => records.Count;

    public FakeTransactionalClient FailNext(string call, params KafkaFailure?[] failures)
    {
        Fails[call] = new Queue<KafkaFailure?>(failures);
        return this;
    }

    public void Init(TimeSpan timeout)
    {
        Call("init");
        Assert.Null(epoch);
        kafka.Epochs[id] = kafka.Epochs.GetValueOrDefault(id) + 1;
        epoch = kafka.Epochs[id];
    }

    public void Begin()
    {
        Call("begin");
        Assert.NotNull(epoch);
        Assert.False(IsOpen);
        IsOpen = true;
    }

    public bool TryProduce(in ProducerRecord record, DeliveryObserver observer)
    {
        Assert.True(IsOpen);
        Assert.False(IsDisposed);
        if (record.Value?.Length > MaxValueBytes)
        {
            observer.Failed(record.Key, record.Value, FakeKafka.Failure(FailureClass.Refused, ErrorCode.MsgSizeTooLarge));
            return true;
        }

        if (records.Count >= Room)
            return false;
        records.Add((record, observer));
        if (HoldsBack)
            unacknowledged.Enqueue(observer);
        else
            observer.Delivered();
        return true;
    }

    public void Acknowledge()
    {
        while (unacknowledged.TryDequeue(out var observer))
            observer.Delivered();
    }

    public void SendOffsets(IReadOnlyList<TopicPartitionOffset> its, TimeSpan timeout)
    {
        Call($"offsets {string.Join(", ", its.Select(o => $"{o.Partition.Value}@{o.Offset.Value}"))}", "offsets");
        ThrowIfFenced();
        Assert.True(IsOpen);
        offsets.AddRange(its);
    }

    public void Commit(TimeSpan timeout)
    {
        Call("commit");
        ThrowIfFenced();
        Assert.True(IsOpen);
        Acknowledge();
        foreach (var (record, _) in records)
            kafka.Visible.Add(Encoding.UTF8.GetString(record.Value ?? "null"u8));
        foreach (var offset in offsets)
            kafka.Offsets[offset.TopicPartition] = offset.Offset.Value;
        End();
    }

    public void Abort(TimeSpan timeout)
    {
        Call("abort");
        ThrowIfFenced();
        foreach (var (record, observer) in records.Where(r => unacknowledged.Contains(r.Observer)))
            observer.Failed(record.Key, record.Value, FakeKafka.Failure(FailureClass.Retriable, ErrorCode.Local_PurgeQueue));
        unacknowledged.Clear();
        End();
    }

    public void Dispose() => IsDisposed = true;

    private void End()
    {
        records.Clear();
        offsets.Clear();
        IsOpen = false;
    }

    private void Call(string call, string? name = null)
    {
        Assert.Equal($"kafka-{id}", kafka.Turns.Current);
        Assert.False(IsDisposed);
        Calls.Add(call);
        Calling(name ?? call);
        kafka.ThrowIfAway();
        if (Fails.TryGetValue(name ?? call, out var failures) && failures.TryDequeue(out var failure) && failure is not null)
            throw new KafkaCallException(failure);
    }

    private void ThrowIfFenced()
    {
        if (kafka.Epochs[id] != epoch)
            throw new KafkaCallException(FakeKafka.Failure(FailureClass.Fenced, ErrorCode.Local_Fenced));
    }
}
