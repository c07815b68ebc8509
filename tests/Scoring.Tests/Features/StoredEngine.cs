using Scoring.Models.Features;
using Scoring.Models.Wire;

namespace Scoring.Tests.Features;

/// <summary>
/// An engine that keeps few entities in memory and the others in a store, as a shard does: loads what a record needs,
/// checkpoints in slices between records, evicts, and can crash and recover. All of it by chance, from a seed.
/// </summary>
internal sealed class StoredEngine(FeatureSet set, FeatureEngineOptions options, Random random)
{
    private readonly Dictionary<string, (byte[] State, long Newest, bool Watched)> rows = [];
    private readonly HashSet<string> purged = [];
    private readonly EntityKeySet missing = new();
    private FeatureEngine engine = new(set, options);
    private byte[]? marks;
    private int offset;
    private Pending? pending;

    private sealed record Pending(int Offset, byte[] Marks, SortedDictionary<string, byte[]> Expected, IReadOnlyList<EntityExpiry> Expiries)
    {
        public Dictionary<string, (byte[] State, long Newest, bool Watched)> Rows { get; } = [];

        public bool IsWritten { get; set; }
    }

    public FeatureEngine Engine => engine;

    public int Evicted { get; private set; }

    public int Copied { get; private set; }

    public int Crashes { get; private set; }

    public int PutBack { get; private set; }

    public bool Label(in Transaction transaction)
    {
        Load(transaction);
        return engine.ApplyLabel(transaction, true);
    }

    public (double[] Features, FeatureResult Result) Play(in Transaction transaction)
    {
        Load(transaction);
        if (random.Next(4) == 0)
            TryAndPutBack(transaction);
        return engine.Play(transaction);
    }

    /// <summary>What a shard does between two records; the next record is the one at the offset.</summary>
    public void BetweenRecords(int next)
    {
        if (pending is null && random.Next(4) == 0)
            Freeze(next);
        else if (pending is not null)
            Write();
        Evicted += engine.Evict(random.Next(5));
    }

    /// <summary>Forgets what is in memory and goes on from the store.</summary>
    /// <returns>The offset from which records have to be applied again.</returns>
    public int Crash()
    {
        // The write that was under way may have arrived.
        if (pending is { IsWritten: true } && random.Next(2) == 0)
            Store();
        pending = null;
        Crashes++;
        engine = new FeatureEngine(set, options);
        if (marks is not null)
            engine.RestoreMarks(marks);
        foreach (var (name, row) in rows)
        {
            if (row.Watched)
                EngineState.Restore(engine, [new(name, row.State)]);
        }

        return offset;
    }

    private void Load(in Transaction transaction)
    {
        missing.Clear();
        engine.FindMissing(transaction, missing);
        foreach (var (kind, key) in missing)
        {
            if (rows.TryGetValue(EngineState.Name(kind, key.Span), out var row))
                engine.RestoreEntity(kind, key.Span, row.State);
        }
    }

    // As a poison record is: its entities are put back as they were, to go on without it.
    private void TryAndPutBack(in Transaction transaction)
    {
        var (keys, images, before) = (new EntityKeySet(), EngineState.Save(engine), EngineState.Marks(engine));
        engine.KeysOf(transaction, keys);
        engine.Play(transaction);
        if (engine.SessionsClosed.Count > 0)
        {
            // Other users' sessions were closed, which only Crash takes back: so do all of memory here.
            foreach (var name in EngineState.Save(engine).Keys.Except(keys.Select(k => EngineState.Name(k.Kind, k.Key.Span))))
                keys.Add(name.Split(' ')[0], Convert.FromHexString(name.Split(' ')[1]));
        }

        foreach (var (kind, key) in keys)
        {
            engine.Discard(kind, key.Span);
            if (images.TryGetValue(EngineState.Name(kind, key.Span), out var image))
                engine.RestoreEntity(kind, key.Span, image, changed: true);
        }

        engine.RestoreMarks(before);
        PutBack++;
    }

    private void Freeze(int next)
    {
        engine.Freeze();
        pending = new Pending(next, EngineState.Marks(engine), EngineState.Save(engine), engine.Expiries());
        Copied += engine.ChangedEntities;
    }

    private void Write()
    {
        if (!pending!.IsWritten)
        {
            pending.IsWritten = engine.WriteFrozen(1 + random.Next(3), (kind, key, state, newest, watched) =>
                pending.Rows.Add(EngineState.Name(kind, key), (state.ToArray(), newest, watched)));
        }
        else if (random.Next(3) == 0)
        {
            engine.FrozenIsLost();
            pending = null;
        }
        else
        {
            Store();
            engine.FrozenIsDurable();
            pending = null;
        }
    }

    private void Store()
    {
        foreach (var (name, row) in pending!.Rows)
            rows[name] = row;
        (marks, offset) = (pending.Marks, pending.Offset);
        foreach (var (name, state) in pending.Expected)
        {
            if (!purged.Contains(name) || rows.ContainsKey(name))
                Assert.Equal(state, rows[name].State);
        }

        foreach (var expiry in pending.Expiries)
        {
            foreach (var (name, row) in rows.ToArray())
            {
                if (name.StartsWith(expiry.Kind + " ", StringComparison.Ordinal) && row.Newest < expiry.BeforeMicros)
                {
                    rows.Remove(name);
                    purged.Add(name);
                }
            }
        }
    }
}
