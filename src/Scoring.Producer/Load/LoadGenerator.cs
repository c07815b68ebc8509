using Confluent.Kafka;
using Scoring.Kafka;
using Scoring.Models.Wire;
using Scoring.Producer.Collect;
using Scoring.Producer.Simulation;

namespace Scoring.Producer.Load;

/// <summary>
/// Sends a source's records at the times of a schedule. A record whose time has passed is sent at once, and
/// its latency still counts from the time it should have had.
/// </summary>
internal sealed class LoadGenerator
{
    private const int RecentLength = 256;

    private readonly LoadOptions options;
    private readonly IRecordSource source;
    private readonly Reconciliation reconciliation;
    private readonly IProducer<byte[]?, OutgoingRecord> producer;
    private readonly int partitions;
    private readonly LoadBounds bounds;
    private readonly CommittedOffsets committed;
    private readonly TimeProvider time;
    private readonly Pacer pacer;
    private readonly SeededRandom random;
    private readonly MalformedRecords malformed;
    private readonly Action<DeliveryReport<byte[]?, OutgoingRecord>> onDelivered;
    private readonly OutgoingRecord[] recent = new OutgoingRecord[RecentLength];
    private readonly long[] ends;
    private long remembered;
    private long nullKeys;
    private bool exhausted;
    private string? deliveryError;

    public LoadGenerator(
        LoadOptions options,
        IRecordSource source,
        Reconciliation reconciliation,
        IProducer<byte[]?, OutgoingRecord> producer,
        LoadBounds bounds,
        CommittedOffsets committed,
        int partitions,
        TimeProvider time)
    {
        this.options = options;
        this.source = source;
        this.reconciliation = reconciliation;
        this.producer = producer;
        this.bounds = bounds;
        this.committed = committed;
        this.partitions = partitions;
        this.time = time;
        pacer = new Pacer(time);
        random = new SeededRandom(options.Seed ^ 0x5EED);
        malformed = new MalformedRecords(options.Seed, options.OversizedBytes);
        ends = new long[partitions];
        onDelivered = OnDelivered;
    }

    /// <summary>Why the first record that was not stored was not; null if all were.</summary>
    public string? DeliveryError => Volatile.Read(ref deliveryError);

    /// <summary>The offset behind the last record of this run in a partition; 0 if there is none.</summary>
    public long EndOf(int partition) => Volatile.Read(ref ends[partition]);

    /// <summary>Sends until the duration is over, the source ends or the run is cancelled.</summary>
    public void Run(CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        var schedule = options.Rate > 0 ? new SendSchedule(start, time.TimestampFrequency, options.Rate) : null;
        var slots = options.Duration is { } duration && schedule is not null ? (long)Math.Round(options.Rate * duration.TotalSeconds) : long.MaxValue;
        var deadline = options.Duration is { } d && schedule is null ? start + (long)(d.TotalSeconds * time.TimestampFrequency) : long.MaxValue;
        // The next event is drawn before its time comes, so that drawing it costs no latency.
        Advance(cancellation);
        for (long slot = 0; slot < slots && !exhausted && !cancellation.IsCancellationRequested; slot++)
        {
            long intended;
            if (schedule is not null)
            {
                intended = schedule.IntendedAt(slot);
                pacer.WaitUntil(intended, cancellation);
                if (cancellation.IsCancellationRequested)
                    return;
            }
            else
            {
                intended = time.GetTimestamp();
                if (intended > deadline)
                    return;
            }

            SendOne(intended, cancellation);
        }
    }

    private void SendOne(long intended, CancellationToken cancellation)
    {
        var roll = random.NextDouble();
        if (roll < options.MalformedShare)
        {
            var (_, key, value) = malformed.Next(NowMicros());
            SendMalformed(key, value, cancellation);
        }
        else if (roll < options.MalformedShare + options.DuplicateShare && remembered > 0)
        {
            SendDuplicate(cancellation);
        }
        else
        {
            SendNext(intended, cancellation);
            Advance(cancellation);
        }
    }

    private void SendNext(long intended, CancellationToken cancellation)
    {
        var value = source.Write(NowMicros(), LateBy()).ToArray();
        var key = source.Key.ToArray();
        if (source.IsRefused)
        {
            SendMalformed(key, value, cancellation);
            return;
        }

        // Only what has room is counted as sent: a run that is stopped while it waits owes nothing.
        if (!TryTakeRoom(key, value.Length, cancellation, out var partition))
            return;
        reconciliation.SendValid(source.Identity, intended, source.IsFraud);
        var record = new OutgoingRecord(OutgoingKind.Valid, key, value, partition);
        recent[remembered++ % RecentLength] = record;
        Send(record);
    }

    private void SendDuplicate(CancellationToken cancellation)
    {
        var first = recent[random.Next((int)Math.Min(remembered, RecentLength))];
        if (!TryTakeRoom(first.Key, first.Value!.Length, cancellation, out var partition))
            return;
        reconciliation.SendDuplicate();
        Send(first with { Kind = OutgoingKind.Duplicate, Partition = partition });
    }

    private void SendMalformed(byte[]? key, byte[]? value, CancellationToken cancellation)
    {
        if (!TryTakeRoom(key, value?.Length ?? 0, cancellation, out var partition))
            return;
        reconciliation.SendMalformed();
        Send(new OutgoingRecord(OutgoingKind.Malformed, key, value, partition));
    }

    /// <summary>Moves to the next transaction; what lies between goes to its own topics.</summary>
    private void Advance(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            if (!source.MoveNext())
            {
                exhausted = true;
                return;
            }

            if (source.Kind == SourceKind.Transaction)
                return;
            var isLabel = source.Kind == SourceKind.Label;
            if ((isLabel ? options.LabelsTopic : options.InteractionsTopic) is { } topic)
                SendSide(topic, isLabel ? RecordKinds.Label : RecordKinds.Interaction, cancellation);
        }
    }

    private void SendSide(string topic, string kind, CancellationToken cancellation)
    {
        var key = source.Key.ToArray();
        var value = source.Write(NowMicros(), 0).ToArray();
        var room = -1;
        if (topic == options.TransactionsTopic && !TryTakeRoom(key, value.Length, cancellation, out room))
            return;
        Headers headers = new() { { RecordHeaders.Kind, System.Text.Encoding.UTF8.GetBytes(kind) } };
        Produce(topic, Partition.Any, new OutgoingRecord(OutgoingKind.Side, key, value, room), headers);
    }

    // Without a key the client would pick any partition; the bound must know which.
    private void Send(OutgoingRecord record) =>
        Produce(options.TransactionsTopic, record.Key is null ? new Partition(record.Partition) : Partition.Any, record, null);

    private bool TryTakeRoom(byte[]? key, int valueBytes, CancellationToken cancellation, out int partition)
    {
        partition = key is null ? (int)(nullKeys++ % partitions) : Murmur2.Partition(key, partitions);
        var bytes = (key?.Length ?? 0) + valueBytes;
        if (bounds.TryTake(partition, bytes))
            return true;
        committed.Urgent = true;
        var seen = Progress(partition);
        var since = time.GetTimestamp();
        var taken = false;
        while (!cancellation.IsCancellationRequested && !(taken = bounds.TryTake(partition, bytes)))
        {
            Pause();
            if (Progress(partition) != seen)
                (seen, since) = (Progress(partition), time.GetTimestamp());
            else if (time.GetElapsedTime(since) > options.DrainTimeout)
                throw new LoadException(bounds.WhoIsBehind(partition, options));
        }

        committed.Urgent = false;
        return taken;
    }

    private long Progress(int partition) => committed.Of(partition) + bounds.LedgerOffset(partition);

    private void Produce(string topic, Partition partition, OutgoingRecord record, Headers? headers)
    {
        var message = new Message<byte[]?, OutgoingRecord> { Key = record.Key, Value = record, Headers = headers };
        while (true)
        {
            try
            {
                producer.Produce(new TopicPartition(topic, partition), message, onDelivered);
                return;
            }
            catch (ProduceException<byte[]?, OutgoingRecord> e) when (e.Error.Code == ErrorCode.Local_QueueFull)
            {
                // The client gives up on a record after its message timeout, so room comes in bounded time.
                Pause();
            }
            catch (ProduceException<byte[]?, OutgoingRecord> e)
            {
                Fail(record, e.Error);
                return;
            }
        }
    }

    private void Pause() => pacer.WaitUntil(time.GetTimestamp() + (time.TimestampFrequency / 1_000), CancellationToken.None);

    private void OnDelivered(DeliveryReport<byte[]?, OutgoingRecord> report)
    {
        var record = report.Message.Value;
        if (report.Error.IsError)
        {
            Fail(record, report.Error);
            return;
        }

        if (record.Partition < 0)
            return;
        var partition = report.Partition.Value;
        var offset = report.Offset.Value;
        if (record.Kind == OutgoingKind.Malformed)
            reconciliation.DeliverMalformed(partition, offset);
        bounds.Commits?.Deliver(partition, offset, record.Bytes);
        if (offset >= ends[partition])
            Volatile.Write(ref ends[partition], offset + 1);
    }

    private void Fail(OutgoingRecord record, Error error)
    {
        Interlocked.CompareExchange(ref deliveryError, error.Reason, null);
        if (record.Kind != OutgoingKind.Side)
            reconciliation.FailDelivery();
        if (record.Partition >= 0)
            bounds.Commits?.Fail(record.Partition, record.Bytes);
    }

    private long NowMicros() => (time.GetUtcNow().UtcTicks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private long LateBy()
    {
        if (options.LateShare == 0 || !random.Chance(options.LateShare))
            return 0;
        var lateness = options.Lateness.TotalMicroseconds;
        return (long)(lateness * (random.Chance(0.5) ? random.Between(0.1, 0.9) : random.Between(1.5, 3.0)));
    }
}
