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

    // Low enough to be before every event, high enough that subtracting a duration cannot overflow.
    private const long BeforeAllTime = long.MinValue / 2;

    private readonly FeaturePlan plan;
    private readonly EntityTable?[] tables;
    private readonly Entity?[] found;
    private readonly SessionTracker? sessions;
    private readonly EventReader events;
    private readonly DegradedReasons degraded;
    private readonly long latenessMicros;
    private readonly long horizonMicros;
    private EventFacts facts;
    private bool awaitsHistory;
    private long previousTime = BeforeAllTime;
    private long expiryMark = BeforeAllTime;

    /// <summary>Makes an engine without any history.</summary>
    /// <param name="set">The features to compute.</param>
    /// <param name="options">How to run.</param>
    public FeatureEngine(FeatureSet set, FeatureEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.DuplicateHorizon, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.DuplicateHorizon, TimeSpan.FromDays(3650));
        Set = set;
        plan = set.Compile(options.DuplicateHorizon);
        latenessMicros = set.LatenessMicros;
        horizonMicros = options.DuplicateHorizon.Ticks / TimeSpan.TicksPerMicrosecond;
        tables = [.. plan.Entities.Select(e => options.LocalEntitiesOnly && !e.IsLocal ? null : new EntityTable(e))];
        found = new Entity?[tables.Length];
        facts.Fields = new ulong[plan.Fields.Length];
        sessions = Sessions(set);
        events = new EventReader(plan, set.TimeZone);
        degraded = new DegradedReasons(plan, options);
    }

    /// <summary>The features that this engine computes.</summary>
    public FeatureSet Set { get; }

    /// <summary>
    /// The newest event time of any record applied, in microseconds since 1970-01-01T00:00:00Z;
    /// <see cref="long.MinValue"/> before the first. It moves only by records.
    /// </summary>
    public long WatermarkMicros { get; private set; } = long.MinValue;

    /// <summary>
    /// The users' sessions that the last record closed or corrected, in order; empty where the set declares no
    /// sessions. Valid until the next record.
    /// </summary>
    public IReadOnlyList<SessionClosed> SessionsClosed => sessions?.Closed ?? (IReadOnlyList<SessionClosed>)[];

    /// <summary>Events that left because their entity held as many as it may; features that this touched say so.</summary>
    public long EventsDropped
    {
        get
        {
            long dropped = 0;
            foreach (var table in tables)
                dropped += table?.Dropped ?? 0;
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
        // 1. Validate.
        Validate(transaction, features);
        features.Fill(double.NaN);
        sessions?.Closed.Clear();

        // 2. Seen before?
        facts.Time = transaction.EventTimeMicros;
        facts.AmountUnits = transaction.AmountUnits;
        Identify(transaction);
        if (found[0] is { } card && Recall(card) is (Seen: true, var isConflict))
            return new FeatureResult(true, isConflict, false, []);

        // 3. Find or make its entities and make room in each, so that nothing can fail from here on.
        events.Read(transaction, ref facts);
        Reserve(transaction);

        if (awaitsHistory)
        {
            degraded.BeginHistory(facts.Time);
            awaitsHistory = false;
        }

        // 4. Entities, event and calendar, arithmetic.
        var late = ApplyToEntities(features);
        events.Compute(transaction, facts, features);

        // 5. Time moves on and idle entities leave.
        Advance(facts.Time);
        return new FeatureResult(false, false, late, degraded.Current(facts.Time));
    }

    /// <summary>Marks the transaction that a label is of, by its user, card and id, in its card and its user.</summary>
    /// <param name="label">The label.</param>
    /// <returns>Whether any entity holds the transaction.</returns>
    public bool ApplyLabel(in Label label)
    {
        var id = IdentityOf(label.UserId, label.CardId, label.TransactionId);
        var marked = false;
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is not { Plan: { HasLabels: true, IsLocal: true } } table)
                continue;
            marked |= Mark(table, Live(table, LocalKey(table, label.UserId, label.CardId)), id, label.IsFraud);
        }

        return Count(marked);
    }

    /// <summary>Marks a transaction in all of its entities, as replay does when the transaction's label becomes known.</summary>
    /// <param name="transaction">The transaction; only its identity and keys are read.</param>
    /// <param name="isFraud">What the label says.</param>
    /// <returns>Whether any entity holds the transaction.</returns>
    public bool ApplyLabel(in Transaction transaction, bool isFraud)
    {
        var id = IdentityOf(transaction.UserId, transaction.CardId, transaction.TransactionId);
        var marked = false;
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is { Plan.HasLabels: true } table)
                marked |= Mark(table, Find(i, transaction), id, isFraud);
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
        var none = new EventFacts { Fields = new ulong[plan.Fields.Length] };
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is not { Plan: { IsLocal: true } entityPlan } table)
                continue;
            var entityKey = LocalKey(table, userId, cardId);
            if (table.Find(entityKey, Hash64.Of(entityKey)) is not { Newest: > long.MinValue } entity || table.IsExpired(entity, expiryMark))
                continue;
            known |= entityPlan.IsCard;
            none.Time = entity.Newest;
            asOfMicros = Math.Max(asOfMicros, entity.Newest);
            var view = new EntityView(entityPlan, entity);
            foreach (var read in entityPlan.ReadsBefore)
                features[read.Target] = WindowReader.Read(view, read, none);
            foreach (var read in entityPlan.ReadsAfter)
                features[read.Target] = WindowReader.Read(view, read, none);
        }

        return known;
    }

    /// <summary>Moves the watermark, as the tick records of a quiet shard do. It never moves back.</summary>
    /// <param name="micros">Microseconds since 1970-01-01T00:00:00Z.</param>
    public void AdvanceWatermark(long micros)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(micros, EarliestMicros);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(micros, LatestMicros);
        previousTime = Math.Max(previousTime, micros);
        sessions?.Closed.Clear();
        Advance(micros);
    }

    /// <summary>
    /// Says that nothing is known of what was before the next event: windows that reach back beyond it are
    /// <c>cold_window</c>. It belongs to the marks.
    /// </summary>
    public void BeginHistory() => awaitsHistory = true;

    /// <summary>Before when nothing is known, in microseconds since 1970-01-01T00:00:00Z; null where the history is whole or has not begun.</summary>
    public long? HistorySinceMicros => degraded.HistorySince;

    /// <summary>
    /// From which event time on a feature sees all that its window reaches back to, in microseconds since
    /// 1970-01-01T00:00:00Z; null where it always does.
    /// </summary>
    /// <param name="feature">Its place in the vector.</param>
    public long? WarmSinceMicros(int feature) => degraded.WarmSince(feature);

    /// <summary>What is held of each kind of entity, in the plan's order.</summary>
    public IReadOnlyList<EntityStatistics> Statistics() =>
        [.. tables.OfType<EntityTable>().Select(t => new EntityStatistics(t.Plan.Name, t.Count, t.Events, t.Bytes, t.Expired, t.Dropped))];

    private SessionTracker? Sessions(FeatureSet set)
    {
        if (set.Parsed.Sessions is not { } declared)
            return null;
        var table = Array.Find(tables, t => t?.Plan.MerchantTable >= 0)!;
        return new SessionTracker(table, declared.GapMicros, declared.Entity.RetainMicros - declared.GapMicros, latenessMicros);
    }

    private void Validate(in Transaction transaction, Span<double> features)
    {
        if (features.Length != plan.FeatureCount)
            throw new ArgumentException($"the vector has {features.Length} places but feature set {Set.Name} has {plan.FeatureCount} features", nameof(features));
        if (transaction.AmountUnits is < -Money.MaxUnits or > Money.MaxUnits)
            throw new ArgumentOutOfRangeException(nameof(transaction), transaction.AmountUnits, $"an amount is at most {Money.MaxUnits} ten-thousandths");
        if (transaction.EventTimeMicros is < EarliestMicros or > LatestMicros)
            throw new ArgumentOutOfRangeException(nameof(transaction), transaction.EventTimeMicros, "an event's time lies in the years 1 to 9999");
    }

    private void Reserve(in Transaction transaction)
    {
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is not { } table)
                continue;
            var entity = i == 0 ? found[0] : Find(i, transaction);
            if (entity is null && KeyOf(i, transaction) is { IsEmpty: false } entityKey)
                entity = table.Add(entityKey, Hash64.Of(entityKey));
            if (entity is not null)
                table.Reserve(entity, facts.AmountUnits);
            found[i] = entity;
        }
    }

    private bool ApplyToEntities(Span<double> features)
    {
        var late = false;
        degraded.Clear();
        for (var i = 0; i < tables.Length; i++)
        {
            if (tables[i] is not { } table || found[i] is not { } entity)
                continue;
            var newest = entity.Newest;
            table.Changes.Mark(entity);

            // A card that lost its past can't tell whether this is a repeat; what it told its other entities before, it counts twice.
            if (i > 0 && found[0]?.IncompleteThrough >= facts.Time)
                entity.IncompleteThrough = Math.Max(entity.IncompleteThrough, facts.Time);

            // Before the events of its sessions may leave: a close is the same whoever moves the watermark past them.
            if (table.Plan.MerchantTable >= 0)
                sessions!.Close(entity, facts.Time);
            var accepted = EntityUpdate.Apply(table, entity, facts, latenessMicros, features);
            degraded.Check(table.Plan, entity, facts.Time, accepted ? long.MinValue : newest - table.Plan.HoldMicros);
            if (accepted)
            {
                if (table.Plan.MerchantTable >= 0)
                    sessions!.Add(entity, facts.Time);
                continue;
            }

            late = true;
            if (i == 0)
                RememberRefused(entity);
        }

        return late;
    }

    private void Advance(long time)
    {
        WatermarkMicros = Math.Max(WatermarkMicros, time);

        // One record with a wrong time must not expire everything: what two records in a row agree on counts.
        expiryMark = Math.Max(expiryMark, Math.Min(time, previousTime));
        previousTime = time;
        sessions?.Close(WatermarkMicros);
        foreach (var table in tables)
            table?.Sweep(expiryMark, SweepSteps);
    }

    private static bool Mark(EntityTable table, Entity? entity, ulong id, bool isFraud) =>
        entity is not null && EntityUpdate.Label(table, entity, id, isFraud);

    private bool Count(bool marked)
    {
        LabelsApplied += marked ? 1 : 0;
        LabelsUnmatched += marked ? 0 : 1;
        return marked;
    }
}
