using System.Buffers;
using Scoring.Models.Features.Plan;
using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

/// <summary>
/// The state of one entity whose transactions come from many partitions of the input log, such as a merchant or a terminal:
/// a value with transitions, as a <see cref="Cardholder"/> is. Its events arrive in no order, so it takes each that its
/// windows may still reach. Used by one thread at a time.
/// </summary>
public sealed class SharedEntity
{
    private readonly CompiledFeatures features;
    private readonly int kind;
    private readonly long skewMicros;
    private Entity entity;

    /// <summary>Makes an entity of which nothing is known.</summary>
    /// <param name="features">The features to compute.</param>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key in UTF-8.</param>
    /// <param name="skew">How far an event may lie behind the entity's newest and still be inserted.</param>
    /// <exception cref="ArgumentException">The feature set keeps no such kind.</exception>
    public SharedEntity(CompiledFeatures features, string kind, ReadOnlySpan<byte> key, TimeSpan skew)
    {
        ArgumentNullException.ThrowIfNull(features);
        this.features = features;
        this.kind = Array.FindIndex(features.Plan.Entities, e => e.Name == kind && features.Keeps(e));
        if (this.kind < 0)
            throw new ArgumentException($"feature set {features.Set.Name} keeps no entity '{kind}'", nameof(kind));
        skewMicros = skew.Ticks / TimeSpan.TicksPerMicrosecond;
        entity = new Entity(Plan, key, Hash64.Of(key));
    }

    /// <summary>Its key in UTF-8.</summary>
    public ReadOnlySpan<byte> Key => entity.Key;

    /// <summary>The time of its newest event, in microseconds since 1970-01-01T00:00:00Z; <see cref="long.MinValue"/> if there is none.</summary>
    public long NewestMicros => entity.Age;

    /// <summary>An estimate of the bytes in memory.</summary>
    public long Bytes => entity.Bytes;

    private EntityPlan Plan => features.Plan.Entities[kind];

    /// <summary>Adds a transaction.</summary>
    /// <param name="transaction">The transaction, of this entity.</param>
    /// <param name="scratch">What the computation works in.</param>
    /// <param name="vector">Takes the entity's features as of the transaction's time; others are left as they are.</param>
    /// <returns>False if it is older than the skew allows: the entity is as before.</returns>
    public bool Apply(in Transaction transaction, CardholderScratch scratch, Span<double> vector)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        entity.Reserve(Plan, transaction.AmountUnits);
        return EntityUpdate.Apply(Plan, scratch.Counts[kind], entity, scratch.Assembly.Facts(transaction), skewMicros, vector);
    }

    /// <summary>
    /// Reads the features as of a transaction's own time, with it counted as they declare, and without adding it. One that was
    /// added before counts once.
    /// </summary>
    /// <param name="transaction">The transaction, of this entity.</param>
    /// <param name="scratch">What the computation works in.</param>
    /// <param name="vector">Takes the entity's features; others are left as they are.</param>
    public void Read(in Transaction transaction, CardholderScratch scratch, Span<double> vector)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        EntityUpdate.Read(Plan, entity, scratch.Assembly.Facts(transaction), vector);
    }

    /// <summary>Marks a transaction.</summary>
    /// <param name="transaction">The transaction; only its identity is read.</param>
    /// <param name="isFraud">What the label says.</param>
    /// <param name="scratch">What the computation works in.</param>
    /// <returns>Whether the entity holds the transaction.</returns>
    public bool ApplyLabel(in Transaction transaction, bool isFraud, CardholderScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var id = scratch.Assembly.IdentityOf(transaction.UserId, transaction.CardId, transaction.TransactionId);
        if (!Plan.KeepsIds || EntityUpdate.PlaceOf(Plan, entity, id) is not (>= 0 and var place))
            return false;
        if (EntityUpdate.IsLabelledOtherwise(Plan, entity, place, isFraud))
            EntityUpdate.Label(Plan, entity, place, isFraud);
        return true;
    }

    /// <summary>Writes the state, in a versioned binary form with a checksum.</summary>
    /// <param name="writer">Where to.</param>
    public void Write(IBufferWriter<byte> writer) => EntityCodec.Write(Plan, entity, writer);

    /// <summary>Takes over a state.</summary>
    /// <param name="marks">The marks of its log, which name the layouts that it may have.</param>
    /// <param name="state">What <see cref="Write"/> wrote of the entity with this key.</param>
    /// <exception cref="StateDamagedException">It is not as it was written; nothing changed.</exception>
    /// <exception cref="StateLayoutException">It is of another version or of a layout that the marks do not name; nothing changed.</exception>
    public void Restore(LogMarks marks, ReadOnlySpan<byte> state)
    {
        ArgumentNullException.ThrowIfNull(marks);
        var restored = new Entity(Plan, entity.Key, entity.KeyHash);
        EntityCodec.Read(Plan, marks.LayoutsOf(Plan), restored, state, features.Plan.Fields.Length);
        entity = restored;
    }
}
