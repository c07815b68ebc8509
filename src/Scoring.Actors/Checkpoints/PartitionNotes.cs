using System.Diagnostics.CodeAnalysis;
using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Actors.Checkpoints;

/// <summary>A record at which something failed.</summary>
/// <param name="Offset">Its offset.</param>
/// <param name="Failures">How often it failed by itself.</param>
/// <param name="Reason">What failed.</param>
/// <param name="Key">The cardholder that it is of; empty where that is not known.</param>
/// <param name="SetAside">Why it is left out for good; null while it is only suspect.</param>
/// <param name="IsBare">Whether its dead letter goes without its value, which the log did not take.</param>
public sealed record NotedRecord(long Offset, int Failures, string Reason, byte[] Key, Rejection? SetAside, bool IsBare);

/// <summary>A cardholder that failed too often: it begins anew, empty and incomplete.</summary>
/// <param name="Key">Its key.</param>
/// <param name="From">The offset at which it begins anew. No row of it from before counts, and each record from before is taken for its first.</param>
/// <param name="WatermarkMicros">The watermark of then, in microseconds since 1970-01-01T00:00:00Z.</param>
public sealed record SickCardholder(byte[] Key, long From, long WatermarkMicros);

/// <summary>
/// What a partition knows of records that failed, apart from its checkpoints: it is needed to make one. Written whole each time,
/// under a rising number, before anything follows from it. State is a function of the log and of these notes.
/// </summary>
public sealed class PartitionNotes
{
    /// <summary>Records that are noted at most; of more, the oldest is forgotten.</summary>
    public const int MaxRecords = 10_000;

    /// <summary>How often a record fails by itself before it is set aside.</summary>
    public const int MaxFailures = 2;

    /// <summary>Records of one cardholder that are set aside between two checkpoints before it is set aside whole.</summary>
    public const int MaxOfCardholder = 3;

    /// <summary>Take-overs at the same place after which records are taken one by one, each noted before it is applied.</summary>
    public const int MaxTakeOvers = 3;

    private const byte Version = 1;
    private const int MaxReasonChars = 500;
    private const int MaxSick = 1_000;

    private readonly SortedDictionary<long, NotedRecord> records = [];
    private readonly List<SickCardholder> sick = [];
    private readonly Dictionary<byte[], List<long>> setAsideByKey = new(KeyEquality.Instance);
    private bool endedInOrder;
    private long aloneFrom;
    private long aloneBefore;

    /// <summary>The number of the row that they were last written under; 0 before the first.</summary>
    public long Number { get; private set; }

    /// <summary>Where the last take-over went live; -1 before the first.</summary>
    public long LiveAt { get; private set; } = -1;

    /// <summary>How many take-overs in a row went live there.</summary>
    public int TakeOvers { get; private set; }

    /// <summary>The record that was about to be applied when this was written; -1 for none.</summary>
    public long Trying { get; private set; } = -1;

    /// <summary>Whether take-overs come back to the same place again and again: whatever ends them may be a record.</summary>
    public bool IsCareful => TakeOvers > MaxTakeOvers;

    /// <summary>What is noted of records, in the log's order.</summary>
    public IReadOnlyCollection<NotedRecord> Records => records.Values;

    /// <summary>Cardholders that begin anew.</summary>
    public IReadOnlyList<SickCardholder> Sick => sick;

    /// <summary>Whether a record is left out, and why.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="record">What is noted.</param>
    public bool IsSetAside(long offset, [NotNullWhen(true)] out NotedRecord? record) =>
        records.TryGetValue(offset, out record) && record.SetAside is not null;

    /// <summary>The offsets that are set aside of a cardholder, ascending.</summary>
    /// <param name="key">Its key.</param>
    public IReadOnlyList<long> SetAsideOf(byte[] key) => setAsideByKey.TryGetValue(key, out var offsets) ? offsets : [];

    /// <summary>Which records are taken alone, as of now.</summary>
    public LoneRecords Lone() => new(aloneFrom, aloneBefore, [.. records.Values.Where(r => r.SetAside is null).Select(r => r.Offset)]);

    /// <summary>
    /// Notes a take-over. One that finds that the last was applying a record, and ended without a word, holds it against that record;
    /// what ended in order, as for an outage or a move, is nobody's fault.
    /// </summary>
    /// <param name="live">Where it goes live.</param>
    /// <param name="carefulBefore">Up to where records are taken one by one if it has come to that.</param>
    public void BeginTakeOver(long live, long carefulBefore)
    {
        var diedInReplay = Trying >= 0 && Trying < live;
        if (Trying >= 0 && !endedInOrder)
            _ = Failed(Trying, [], "the process ended while it was applied", long.MinValue, long.MinValue);
        TakeOvers = live == LiveAt && !endedInOrder ? TakeOvers + 1 : 1;
        Trying = -1;
        endedInOrder = false;
        LiveAt = live;
        // What was applied before is suspected only where nothing behind it was to blame.
        if (IsCareful)
            (aloneFrom, aloneBefore) = (diedInReplay || TakeOvers > 2 * MaxTakeOvers ? 0 : live, carefulBefore);
    }

    /// <summary>Notes that the owner ends in order: no record is to blame.</summary>
    /// <returns>Whether that has to be written.</returns>
    public bool EndInOrder()
    {
        var isNews = Trying >= 0 || TakeOvers > 1;
        Trying = -1;
        endedInOrder = true;
        return isNews;
    }

    /// <summary>Notes which record is about to be applied.</summary>
    /// <param name="offset">Its offset.</param>
    public void Try(long offset) => Trying = offset;

    /// <summary>Notes that a record failed by itself.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="key">Its cardholder's key; empty where that is not known.</param>
    /// <param name="reason">What failed.</param>
    /// <param name="checkpoint">The offset of the last complete checkpoint.</param>
    /// <param name="watermarkMicros">The watermark, for a cardholder that has to begin anew.</param>
    /// <returns>Whether it is set aside from now on.</returns>
    public bool Failed(long offset, byte[] key, string reason, long checkpoint, long watermarkMicros)
    {
        var text = reason.Length <= MaxReasonChars ? reason : reason[..MaxReasonChars];
        var failures = (records.TryGetValue(offset, out var known) ? known.Failures : 0) + 1;
        var isOver = failures >= MaxFailures;
        var whose = key.Length > 0 ? key : known?.Key ?? [];
        Put(new NotedRecord(offset, failures, text, whose, known?.SetAside ?? (isOver ? new Rejection(RejectReason.Poison, text) : null), known?.IsBare ?? false));
        if (isOver && key.Length > 0 && records.Values.Count(r => r.SetAside is { Reason: RejectReason.Poison } && r.Offset >= checkpoint && r.Key.AsSpan().SequenceEqual(key)) >= MaxOfCardholder)
        {
            Sicken(key, offset, watermarkMicros);
        }

        return isOver;
    }

    /// <summary>Notes that a cardholder begins anew.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="from">The offset at which it does.</param>
    /// <param name="watermarkMicros">The watermark of then, in microseconds since 1970-01-01T00:00:00Z.</param>
    public void Sicken(byte[] key, long from, long watermarkMicros)
    {
        sick.RemoveAll(s => s.Key.AsSpan().SequenceEqual(key));
        sick.Add(new SickCardholder(key, from, watermarkMicros));
        if (sick.Count > MaxSick)
            sick.RemoveAt(0);
    }

    /// <summary>Notes that a batch failed and its records are to be taken one by one.</summary>
    /// <param name="from">The offset of its first record.</param>
    /// <param name="before">The offset behind its last.</param>
    public void BatchFailed(long from, long before)
    {
        aloneFrom = aloneFrom < aloneBefore ? Math.Min(aloneFrom, from) : from;
        aloneBefore = Math.Max(aloneBefore, before);
    }

    /// <summary>Notes a record that the moment refuses, so that every replay leaves it out.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="key">Its cardholder's key; empty where that is not known.</param>
    /// <param name="rejection">Why.</param>
    /// <param name="isBare">Whether its dead letter goes without its value.</param>
    public void SetAside(long offset, byte[] key, Rejection rejection, bool isBare = false)
    {
        ArgumentNullException.ThrowIfNull(rejection);
        var known = records.GetValueOrDefault(offset);
        Put(new NotedRecord(offset, known?.Failures ?? 0, known?.Reason ?? "", known?.Key is { Length: > 0 } whose ? whose : key, known?.SetAside ?? rejection, isBare || (known?.IsBare ?? false)));
    }

    /// <summary>Forgets what nothing needs any more.</summary>
    /// <param name="committed">The committed offset: a suspect before it has come through.</param>
    /// <param name="checkpoint">The offset before which no replay begins any more.</param>
    /// <returns>Whether anything changed.</returns>
    public bool Prune(long committed, long checkpoint)
    {
        List<long> gone =
        [
            .. records.Values.TakeWhile(r => r.Offset < committed).Where(r => r.SetAside is null).Select(r => r.Offset),
            // No replay comes to them any more; of more than that the oldest go in any case.
            .. records.Values.TakeWhile(r => r.Offset < checkpoint).Where(r => r.SetAside is not null).Select(r => r.Offset),
        ];
        foreach (var offset in gone)
            Remove(offset);
        var wasAlone = aloneFrom < aloneBefore && aloneBefore <= committed;
        if (wasAlone)
            aloneFrom = aloneBefore = 0;
        return gone.Count > 0 || wasAlone;
    }

    /// <summary>The bytes of the next row.</summary>
    public byte[] WriteNext()
    {
        Number++;
        return StoredFrame.Write(Version, output =>
        {
            output.Write(Number);
            output.Write(LiveAt);
            output.Write(TakeOvers);
            output.Write(Trying);
            output.Write(endedInOrder);
            output.Write(aloneFrom);
            output.Write(aloneBefore);
            output.Write(records.Count);
            foreach (var record in records.Values)
                Write(output, record);
            output.Write(sick.Count);
            foreach (var cardholder in sick)
            {
                output.Bytes(cardholder.Key);
                output.Write(cardholder.From);
                output.Write(cardholder.WatermarkMicros);
            }
        });
    }

    /// <summary>Reads a row.</summary>
    /// <param name="bytes">What <see cref="WriteNext"/> made.</param>
    /// <exception cref="StateDamagedException">The bytes are not as they were written.</exception>
    /// <exception cref="StateNewerException">They are of a newer version.</exception>
    public static PartitionNotes Read(byte[] bytes) => StoredFrame.Read("the partition's notes", bytes, Version, static (_, input) =>
    {
        var notes = new PartitionNotes
        {
            Number = input.ReadInt64(),
            LiveAt = input.ReadInt64(),
            TakeOvers = input.ReadInt32(),
            Trying = input.ReadInt64(),
            endedInOrder = input.ReadBoolean(),
            aloneFrom = input.ReadInt64(),
            aloneBefore = input.ReadInt64(),
        };
        for (var count = input.ReadInt32(); count > 0; count--)
        {
            notes.Put(ReadRecord(input));
        }

        for (var count = input.ReadInt32(); count > 0; count--)
            notes.sick.Add(new SickCardholder(input.Bytes(), input.ReadInt64(), input.ReadInt64()));
        return notes;
    });

    private void Put(NotedRecord record)
    {
        Remove(record.Offset);
        records[record.Offset] = record;
        if (record.SetAside is not null && record.Key.Length > 0)
            Offsets(record.Key).Add(record.Offset);
        if (records.Count > MaxRecords)
            Remove(records.First().Key);
    }

    private void Remove(long offset)
    {
        if (!records.Remove(offset, out var record) || !setAsideByKey.TryGetValue(record.Key, out var offsets))
            return;
        offsets.Remove(offset);
        if (offsets.Count == 0)
            setAsideByKey.Remove(record.Key);
    }

    private List<long> Offsets(byte[] key)
    {
        if (!setAsideByKey.TryGetValue(key, out var offsets))
            setAsideByKey.Add(key, offsets = []);
        return offsets;
    }

    private static void Write(BinaryWriter output, NotedRecord record)
    {
        output.Write(record.Offset);
        output.Write(record.Failures);
        output.Write(record.Reason);
        output.Bytes(record.Key);
        output.Write(record.IsBare);
        output.Write(record.SetAside is not null);
        if (record.SetAside is not { } rejection)
            return;
        output.Write(rejection.Reason.Code());
        output.Write(rejection.Detail);
    }

    private static NotedRecord ReadRecord(BinaryReader input)
    {
        var (offset, failures, reason, key, isBare) = (input.ReadInt64(), input.ReadInt32(), input.ReadString(), input.Bytes(), input.ReadBoolean());
        if (!input.ReadBoolean())
            return new NotedRecord(offset, failures, reason, key, null, isBare);
        var (code, detail) = (input.ReadString(), input.ReadString());
        var rejection = new Rejection(RejectReasons.TryParse(code, out var its) ? its : RejectReason.Poison, detail);
        return new NotedRecord(offset, failures, reason, key, rejection, isBare);
    }
}
