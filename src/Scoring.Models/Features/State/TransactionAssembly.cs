using System.Runtime.InteropServices;
using Scoring.Models.Features.Plan;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.State;

/// <summary>
/// How one transaction becomes a vector: which entities, in which order, then event, calendar and arithmetic. The same
/// code serves an engine, whose tables hold the entities of a whole log, and a cardholder, who holds its own. Keeps nothing
/// from one transaction to the next; used by one thread at a time.
/// </summary>
internal sealed class TransactionAssembly
{
    private const long LatestMicros = EventTime.MaxMicros;

    private readonly CompiledFeatures features;
    private readonly EntityPlan[] plans;
    private readonly Entity?[] found;
    private readonly EventReader events;
    private readonly DegradedReasons degraded;
    private EventFacts facts;

    public TransactionAssembly(CompiledFeatures features)
    {
        this.features = features;
        plans = features.Plan.Entities;
        found = new Entity?[plans.Length];
        facts.Fields = new ulong[features.Plan.Fields.Length];
        events = new EventReader(features.Plan, features.Set.TimeZone);
        degraded = new DegradedReasons(features);
        Sessions = features.Sessions is { } rules ? new UserSessions(rules) : null;
    }

    /// <summary>What becomes of sessions; null where they are not followed.</summary>
    public UserSessions? Sessions { get; }

    /// <summary>Makes keys.</summary>
    public EntityKeys Keys { get; } = new();

    /// <summary>The hash of a transaction's identity.</summary>
    public ulong IdentityOf(ReadOnlySpan<byte> user, ReadOnlySpan<byte> card, ReadOnlySpan<byte> id) =>
        Hash64.Of(Hash64.Of(Keys.Card(user, card)), Hash64.Of(id));

    /// <summary>
    /// Validates a transaction and finds out whether it was seen before. If not, its entities are there and have room, so that
    /// nothing can fail from here on.
    /// </summary>
    /// <param name="source">Where the entities are.</param>
    /// <param name="transaction">The transaction.</param>
    /// <param name="vector">The vector, which is emptied.</param>
    /// <param name="seen">What to answer if it was seen before.</param>
    /// <returns>Whether it is new, so that <see cref="Complete"/> follows.</returns>
    /// <exception cref="ArgumentException">The vector has another length.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The amount or the time is out of its bounds.</exception>
    public bool Begin<TSource>(in TSource source, in Transaction transaction, Span<double> vector, out FeatureResult seen)
        where TSource : struct, IEntitySource
    {
        Validate(transaction, vector);
        vector.Fill(double.NaN);
        Sessions?.Closed.Clear();
        Identify(source, transaction);
        seen = default;
        if (found[0] is { } card && Recall(card) is (Seen: true, var isConflict))
        {
            seen = new FeatureResult(true, isConflict, false, []);
            return false;
        }

        events.Read(transaction, ref facts);
        Reserve(source, transaction);
        return true;
    }

    /// <summary>Applies the transaction that <see cref="Begin"/> found to be new, and fills its vector.</summary>
    /// <param name="source">Where the entities are.</param>
    /// <param name="transaction">The transaction.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="history">From when on each feature is warm.</param>
    public FeatureResult Complete<TSource>(in TSource source, in Transaction transaction, Span<double> vector, WindowHistory history)
        where TSource : struct, IEntitySource
    {
        var late = ApplyToEntities(source, vector);
        events.Compute(transaction, facts, vector);
        return new FeatureResult(false, false, late, degraded.Current(facts.Time, history));
    }

    /// <summary>Takes note of what entities keep of a transaction.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <returns>The facts; valid until the next transaction.</returns>
    public ref readonly EventFacts Facts(in Transaction transaction)
    {
        facts.Time = transaction.EventTimeMicros;
        facts.AmountUnits = transaction.AmountUnits;
        facts.Id = IdentityOf(transaction.UserId, transaction.CardId, transaction.TransactionId);
        facts.Body = BodyHash.Of(transaction);
        events.Read(transaction, ref facts);
        return ref facts;
    }

    /// <summary>Marks the transaction of a label in one entity.</summary>
    /// <param name="source">Where the entity is.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="key">Its key; empty for none.</param>
    /// <param name="identity">The hash of the transaction's identity.</param>
    /// <param name="isFraud">What the label says.</param>
    /// <returns>Whether the entity holds the transaction.</returns>
    public bool Label<TSource>(in TSource source, int kind, ReadOnlySpan<byte> key, ulong identity, bool isFraud)
        where TSource : struct, IEntitySource
    {
        if (key.IsEmpty || source.Find(kind, key, Hash64.Of(key)) is not { } entity || EntityUpdate.PlaceOf(plans[kind], entity, identity) is not (>= 0 and var place))
            return false;
        if (EntityUpdate.IsLabelledOtherwise(plans[kind], entity, place, isFraud))
        {
            source.Changing(kind, entity);
            EntityUpdate.Label(plans[kind], entity, place, isFraud);
        }

        return true;
    }

    private void Validate(in Transaction transaction, Span<double> vector)
    {
        if (vector.Length != features.Plan.FeatureCount)
            throw new ArgumentException($"the vector has {vector.Length} places but feature set {features.Set.Name} has {features.Plan.FeatureCount} features", nameof(vector));
        if (transaction.AmountUnits is < -Money.MaxUnits or > Money.MaxUnits)
            throw new ArgumentOutOfRangeException(nameof(transaction), transaction.AmountUnits, $"an amount is at most {Money.MaxUnits} ten-thousandths");
        if (transaction.EventTimeMicros is < FeatureEngine.EarliestMicros or > LatestMicros)
            throw new ArgumentOutOfRangeException(nameof(transaction), transaction.EventTimeMicros, "an event's time lies in the years 1 to 9999");
    }

    // Takes note of the identity and the body, and finds the card, whose key is hashed for both at once.
    private void Identify<TSource>(in TSource source, in Transaction transaction)
        where TSource : struct, IEntitySource
    {
        var cardKey = Keys.Card(transaction.UserId, transaction.CardId);
        var cardHash = Hash64.Of(cardKey);
        facts.Time = transaction.EventTimeMicros;
        facts.AmountUnits = transaction.AmountUnits;
        facts.Id = Hash64.Of(cardHash, Hash64.Of(transaction.TransactionId));
        facts.Body = BodyHash.Of(transaction);
        found[0] = source.Find(0, cardKey, cardHash);
    }

    /// <summary>Whether the card has seen the transaction's identity, and whether with another body than this one.</summary>
    private (bool Seen, bool Conflict) Recall(Entity card)
    {
        var from = Math.Max(card.Newest, facts.Time) - features.HorizonMicros;
        var view = new EntityView(plans[0], card);
        var first = view.UpperBound(from);
        if (view.Ids[first..card.End].IndexOf(facts.Id) is >= 0 and var place)
            return (true, !IsBody(card.Bodies.At(first + place)));
        // No lambda: it would allocate for every transaction.
        foreach (var refused in CollectionsMarshal.AsSpan(card.Refused))
        {
            if (refused.Id == facts.Id && refused.Time > from)
                return (true, !IsBody(refused.Body));
        }

        return default;
    }

    // An unknown body, of before a horizon that was shorter, is taken for the same: refusing a repeat would lose more.
    private bool IsBody(ulong known) => known == 0 || known == facts.Body;

    private void Reserve<TSource>(in TSource source, in Transaction transaction)
        where TSource : struct, IEntitySource
    {
        for (var kind = 0; kind < plans.Length; kind++)
        {
            if (!source.Keeps(kind))
                continue;
            var entity = kind == 0 ? found[0] : null;
            if (entity is null && Keys.Of(plans[kind], transaction) is { IsEmpty: false } key)
            {
                var hash = Hash64.Of(key);
                entity = (kind == 0 ? null : source.Find(kind, key, hash)) ?? source.Add(kind, key, hash);
            }

            if (entity is not null)
                source.Reserve(kind, entity, facts.AmountUnits);
            found[kind] = entity;
        }
    }

    private bool ApplyToEntities<TSource>(in TSource source, Span<double> vector)
        where TSource : struct, IEntitySource
    {
        var late = false;
        degraded.Clear();
        for (var kind = 0; kind < plans.Length; kind++)
        {
            if (!source.Keeps(kind) || found[kind] is not { } entity)
                continue;
            var plan = plans[kind];
            var newest = entity.Newest;
            source.Changing(kind, entity);

            // A card that lost its past can't tell whether this is a repeat; what it told its other entities before, it counts twice.
            if (kind > 0 && found[0]?.IncompleteThrough >= facts.Time)
                entity.IncompleteThrough = Math.Max(entity.IncompleteThrough, facts.Time);

            // Before the events of its sessions may leave: a close is the same whoever moves the watermark past them.
            if (plan.MerchantTable >= 0)
                CloseSessions(source, entity);
            var accepted = EntityUpdate.Apply(plan, source.Counts(kind), entity, facts, features.Set.LatenessMicros, vector);
            degraded.Check(plan, entity, facts.Time, accepted ? long.MinValue : newest - plan.HoldMicros);
            if (accepted)
            {
                if (plan.MerchantTable >= 0)
                    AddToSession(source, entity);
                continue;
            }

            late = true;
            if (kind == 0)
                RememberRefused(entity);
        }

        return late;
    }

    private void CloseSessions<TSource>(in TSource source, Entity user)
        where TSource : struct, IEntitySource
    {
        if (user.WatchedDue >= facts.Time)
            return;
        Sessions!.Close(user, facts.Time);
        user.WatchedDue = long.MaxValue;
        source.Watch(user);
    }

    private void AddToSession<TSource>(in TSource source, Entity user)
        where TSource : struct, IEntitySource
    {
        Sessions!.Add(user, facts.Time);
        source.Watch(user);
    }

    private void RememberRefused(Entity card)
    {
        var from = card.Newest - features.HorizonMicros;
        if (facts.Time <= from)
            return;
        var refused = card.Refused ??= [];
        refused.RemoveAll(r => r.Time <= from);
        if (refused.Count >= plans[0].MaxEvents)
            refused.RemoveAt(0);
        refused.Add(new RefusedEvent(facts.Time, facts.Id, facts.Body));
    }
}
