using Scoring.Models.Features.Plan;
using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

/// <summary>
/// Computes the features of transactions and keeps the entities that this takes: those of one shard, or of
/// one replay. A pure state machine: no clock, no chance, no I/O, so the same records in the same order give
/// the same features, bit for bit. Owned by one loop, so it needs no lock.
/// </summary>
public sealed partial class FeatureEngine
{
    // Enough to pass every entity many times while its events grow old, few enough not to be felt.
    private const int SweepSteps = 2;

    // The years 1 to 9999, so that no window's arithmetic can overflow.
    internal const long EarliestMicros = -62_135_596_800_000_000;
    private const long LatestMicros = 253_402_300_799_999_999;

    private readonly CompiledFeatures compiled;
    private readonly FeaturePlan plan;
    private readonly EntityTable?[] tables;
    private readonly TransactionAssembly assembly;
    private readonly SessionTracker? sessions;
    private readonly LogMarks marks;

    /// <summary>Makes an engine without any history.</summary>
    /// <param name="set">The features to compute.</param>
    /// <param name="options">How to run.</param>
    public FeatureEngine(FeatureSet set, FeatureEngineOptions options)
        : this(new CompiledFeatures(set, options))
    {
    }

    private FeatureEngine(CompiledFeatures compiled)
    {
        this.compiled = compiled;
        plan = compiled.Plan;
        tables = [.. plan.Entities.Select(e => compiled.Keeps(e) ? new EntityTable(e) : null)];
        assembly = new TransactionAssembly(compiled);
        sessions = compiled.Sessions is { } rules ? new SessionTracker(Array.Find(tables, t => t?.Plan == rules.User)!, assembly.Sessions!) : null;
        marks = new LogMarks(compiled);
    }

    /// <summary>The features that this engine computes.</summary>
    public FeatureSet Set => compiled.Set;

    /// <summary>
    /// The newest event time of any record applied, in microseconds since 1970-01-01T00:00:00Z;
    /// <see cref="long.MinValue"/> before the first. It moves only by records.
    /// </summary>
    public long WatermarkMicros => marks.Time.WatermarkMicros;

    /// <summary>
    /// The users' sessions that the last record closed or corrected, in order; empty where the set declares no
    /// sessions. Valid until the next record.
    /// </summary>
    public IReadOnlyList<SessionClosed> SessionsClosed => assembly.Sessions?.Closed ?? (IReadOnlyList<SessionClosed>)[];

    /// <summary>Events that left because their entity held as many as it may; features that this touched say so.</summary>
    public long EventsDropped
    {
        get
        {
            long dropped = 0;
            foreach (var table in tables)
                dropped += table?.Counts.Dropped ?? 0;
            return dropped;
        }
    }

    /// <summary>Labels whose transaction was held and marked.</summary>
    public long LabelsApplied { get; private set; }

    /// <summary>Labels whose transaction no entity holds.</summary>
    public long LabelsUnmatched { get; private set; }

    /// <summary>
    /// Computes the transaction's features as of its own time and adds it to its entities. Either all of its
    /// entities change or, if this throws, none. Allocates only to make an entity or to let one grow or shrink.
    /// </summary>
    /// <param name="transaction">The transaction; nothing of it is kept by reference.</param>
    /// <param name="features">The vector to fill, as long as <see cref="FeatureSet.FeatureNames"/>; NaN is missing.</param>
    /// <exception cref="ArgumentException">The vector has another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The amount is above <see cref="Money.MaxUnits"/> or the time outside the years 1 to 9999.</exception>
    public FeatureResult Apply(in Transaction transaction, Span<double> features)
    {
        // 1. Validate; seen before? If not, its entities are there and have room.
        var source = new TableSource(tables, sessions, marks.Time.ExpiryMicros);
        var isNew = assembly.Begin(source, transaction, features, out var result);

        // 2. Entities, event and calendar, arithmetic.
        marks.Begin(transaction.EventTimeMicros);
        if (isNew)
            result = assembly.Complete(source, transaction, features, marks.History);

        // 3. Time moves on and idle entities leave. A repeat moves it too: whether a record is one, only its card can tell, and
        // the log's time is told to all cards before any of them has looked.
        marks.Advance(transaction.EventTimeMicros);
        Advance();
        return result;
    }

    /// <summary>Marks the transaction that a label is of, by its user, card and id, in its card and its user.</summary>
    /// <param name="label">The label.</param>
    /// <returns>Whether any entity holds the transaction.</returns>
    public bool ApplyLabel(in Label label)
    {
        var id = assembly.IdentityOf(label.UserId, label.CardId, label.TransactionId);
        var source = new TableSource(tables, sessions, marks.Time.ExpiryMicros);
        var marked = false;
        for (var kind = 0; kind < tables.Length; kind++)
        {
            if (tables[kind] is { Plan: { HasLabels: true, IsLocal: true } entity })
                marked |= assembly.Label(source, kind, assembly.Keys.Local(entity, label.UserId, label.CardId), id, label.IsFraud);
        }

        return Count(marked);
    }

    /// <summary>Marks a transaction in all of its entities, as replay does when the transaction's label becomes known.</summary>
    /// <param name="transaction">The transaction; only its identity and keys are read.</param>
    /// <param name="isFraud">What the label says.</param>
    /// <returns>Whether any entity holds the transaction.</returns>
    public bool ApplyLabel(in Transaction transaction, bool isFraud)
    {
        var id = assembly.IdentityOf(transaction.UserId, transaction.CardId, transaction.TransactionId);
        var source = new TableSource(tables, sessions, marks.Time.ExpiryMicros);
        var marked = false;
        for (var kind = 0; kind < tables.Length; kind++)
        {
            if (tables[kind] is { Plan: { HasLabels: true } entity })
                marked |= assembly.Label(source, kind, assembly.Keys.Of(entity, transaction), id, isFraud);
        }

        return Count(marked);
    }

    /// <summary>
    /// Reads the features of a card and its user as of each one's own newest event, without changing anything.
    /// What only a transaction has (event fields, calendar flags, arithmetic over them) is missing.
    /// </summary>
    /// <param name="userId">The user, in UTF-8: the card's own id where it is its own user.</param>
    /// <param name="cardId">The card, in UTF-8.</param>
    /// <param name="features">The vector to fill; NaN is missing.</param>
    /// <param name="asOfMicros">The newest event of the two, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <returns>False if the card is not known.</returns>
    public bool TryRead(ReadOnlySpan<byte> userId, ReadOnlySpan<byte> cardId, Span<double> features, out long asOfMicros)
    {
        features.Fill(double.NaN);
        asOfMicros = long.MinValue;
        var known = false;
        var facts = new EventFacts { Fields = new ulong[plan.Fields.Length] };
        foreach (var table in tables)
        {
            if (table is not { Plan: { IsLocal: true } entityPlan })
                continue;
            var entityKey = assembly.Keys.Local(entityPlan, userId, cardId);
            if (table.Find(entityKey, Hash64.Of(entityKey)) is not { Newest: > long.MinValue } entity || table.IsExpired(entity, marks.Time.ExpiryMicros))
                continue;
            known |= entityPlan.IsCard;
            asOfMicros = Math.Max(asOfMicros, entity.Newest);
            EntityUpdate.ReadNewest(entityPlan, entity, facts, features);
        }

        return known;
    }

    /// <summary>Moves the watermark, as the tick records of a quiet shard do. It never moves back.</summary>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z.</param>
    public void AdvanceWatermark(long micros)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(micros, EarliestMicros);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(micros, LatestMicros);
        assembly.Sessions?.Closed.Clear();
        marks.Tick(micros);
        Advance();
    }

    /// <summary>
    /// Says that nothing is known of what was before the next event: windows that reach back beyond it are
    /// <c>cold_window</c>. It belongs to the marks.
    /// </summary>
    public void BeginHistory() => marks.BeginHistory();

    /// <summary>Before when nothing is known, in microseconds since 1970-01-01T00:00:00Z; null where the history is whole or has not begun.</summary>
    public long? HistorySinceMicros => marks.History.SinceMicros;

    /// <summary>
    /// From which event time on a feature sees all that its window reaches back to, in microseconds since
    /// 1970-01-01T00:00:00Z; null where it always does.
    /// </summary>
    /// <param name="feature">Its place in the vector.</param>
    public long? WarmSinceMicros(int feature) => marks.History.WarmSinceMicros(feature);

    /// <summary>What is held of each kind of entity, in the plan's order.</summary>
    public IReadOnlyList<EntityStatistics> Statistics() =>
        [.. tables.OfType<EntityTable>().Select(t => new EntityStatistics(t.Plan.Name, t.Count, t.Counts.Events, t.Bytes, t.Expired, t.Counts.Dropped))];

    private void Advance()
    {
        sessions?.Close(marks.Time.WatermarkMicros);
        foreach (var table in tables)
            table?.Sweep(marks.Time.ExpiryMicros, SweepSteps);
    }

    private bool Count(bool marked)
    {
        LabelsApplied += marked ? 1 : 0;
        LabelsUnmatched += marked ? 0 : 1;
        return marked;
    }
}
