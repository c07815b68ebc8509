using System.Buffers;
using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Models.Features;

/// <summary>What a cardholder is told with a record: where it lies in its log, and the log's marks as of it.</summary>
/// <param name="Offset">The record's offset.</param>
/// <param name="ExpiryMicros">Up to when entities grow old, before the record, in microseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="History">From when on each feature is warm.</param>
public readonly record struct RecordMarks(long Offset, long ExpiryMicros, WindowHistory History);

/// <summary>
/// The state of one user and its cards: a value with transitions. It knows no clock, no chance, no I/O and no actor; the
/// same records in order give the same features, bit for bit, as a <see cref="FeatureEngine"/> that sees them among others.
/// Used by one thread at a time.
/// </summary>
public sealed class Cardholder
{
    private readonly CompiledFeatures features;
    private readonly byte[] key;
    private readonly List<(int Kind, Entity Entity)> entities = new(2);
    private long incompleteThrough = long.MinValue;

    /// <summary>Makes a cardholder of whom nothing is known.</summary>
    /// <param name="features">The features to compute, of local entities alone.</param>
    /// <param name="key">The user's id in UTF-8: the card's own where it is its own user.</param>
    /// <exception cref="ArgumentException">The features are not limited to local entities.</exception>
    public Cardholder(CompiledFeatures features, ReadOnlySpan<byte> key)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (!features.LocalEntitiesOnly)
            throw new ArgumentException($"a cardholder holds a user and its cards; compile the features with {nameof(FeatureEngineOptions.LocalEntitiesOnly)}", nameof(features));
        this.features = features;
        this.key = key.ToArray();
    }

    /// <summary>The user's id in UTF-8.</summary>
    public ReadOnlySpan<byte> Key => key;

    /// <summary>The offset that the state is exactly before: behind the last record that was applied; 0 before the first.</summary>
    public long NextOffset { get; private set; }

    /// <summary>The time of the newest event of the user or a card, in microseconds since 1970-01-01T00:00:00Z; <see cref="long.MinValue"/> if there is none.</summary>
    public long NewestMicros
    {
        get
        {
            var newest = long.MinValue;
            foreach (var (_, entity) in entities)
                newest = Math.Max(newest, entity.Age);
            return newest;
        }
    }

    /// <summary>When the next of the user's sessions ends, in microseconds since 1970-01-01T00:00:00Z; <see cref="long.MaxValue"/> if none is open.</summary>
    public long SessionDueMicros
    {
        get
        {
            var due = long.MaxValue;
            foreach (var (_, entity) in entities)
                due = Math.Min(due, entity.WatchedDue);
            return due;
        }
    }

    /// <summary>Adds when the user's open sessions end, in microseconds since 1970-01-01T00:00:00Z.</summary>
    /// <param name="dues">Where they are added, in no order.</param>
    public void CopyDues(List<long> dues)
    {
        ArgumentNullException.ThrowIfNull(dues);
        if (features.Sessions is not { } rules)
            return;
        foreach (var (_, entity) in entities)
        {
            foreach (var session in entity.Sessions ?? [])
            {
                if (session.Changed)
                    dues.Add(session.End + rules.GapMicros);
            }
        }
    }

    /// <summary>Events that the user and its cards hold.</summary>
    public int Events
    {
        get
        {
            var events = 0;
            foreach (var (_, entity) in entities)
                events += entity.Count;
            return events;
        }
    }

    /// <summary>An estimate of the bytes in memory.</summary>
    public long Bytes
    {
        get
        {
            var bytes = 128L + key.Length + (16 * entities.Capacity);
            foreach (var (_, entity) in entities)
                bytes += entity.Bytes;
            return bytes;
        }
    }

    /// <summary>Computes a transaction's features as of its own time and adds it to the user and the card, or to neither if this throws.</summary>
    /// <param name="transaction">The transaction, of this user; nothing of it is kept by reference.</param>
    /// <param name="marks">Where it lies.</param>
    /// <param name="scratch">What the computation works in.</param>
    /// <param name="vector">The vector to fill, as long as <see cref="FeatureSet.FeatureNames"/>; NaN is missing.</param>
    /// <exception cref="ArgumentException">The vector has another length, or the record lies before <see cref="NextOffset"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The amount or the time is out of its bounds.</exception>
    public FeatureResult Apply(in Transaction transaction, in RecordMarks marks, CardholderScratch scratch, Span<double> vector)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        Follow(marks.Offset);
        var source = Source(scratch, marks.ExpiryMicros);
        var result = scratch.Assembly.Begin(source, transaction, vector, out var seen)
            ? scratch.Assembly.Complete(source, transaction, vector, marks.History)
            : seen;
        NextOffset = marks.Offset + 1;
        return result;
    }

    /// <summary>Marks the transaction that a label is of in its card and its user.</summary>
    /// <param name="label">The label, of this user.</param>
    /// <param name="marks">Where it lies.</param>
    /// <param name="scratch">What the computation works in.</param>
    /// <returns>Whether any of them holds the transaction.</returns>
    /// <exception cref="ArgumentException">The record lies before <see cref="NextOffset"/>.</exception>
    public bool ApplyLabel(in Label label, in RecordMarks marks, CardholderScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        Follow(marks.Offset);
        var source = Source(scratch, marks.ExpiryMicros);
        var id = scratch.Assembly.IdentityOf(label.UserId, label.CardId, label.TransactionId);
        var plans = features.Plan.Entities;
        var marked = false;
        for (var kind = 0; kind < plans.Length; kind++)
        {
            if (plans[kind] is { HasLabels: true, IsLocal: true })
                marked |= scratch.Assembly.Label(source, kind, scratch.Assembly.Keys.Local(plans[kind], label.UserId, label.CardId), id, label.IsFraud);
        }

        NextOffset = marks.Offset + 1;
        return marked;
    }

    /// <summary>
    /// Says anew which offset the state is exactly before, where it goes from one log over to another: a history that was not read from
    /// the log has offsets of its own. Nothing else changes.
    /// </summary>
    /// <param name="offset">The offset of the next record, or of one before it.</param>
    public void Rebase(long offset) => NextOffset = offset;

    /// <summary>Reports the sessions that the watermark has passed, in <see cref="CardholderScratch.SessionsClosed"/>; with none of them it does nothing.</summary>
    /// <param name="watermarkMicros">The watermark after the record, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="offset">The offset of the record that moved the watermark.</param>
    /// <param name="scratch">What the computation works in.</param>
    /// <returns>Whether the state changed.</returns>
    /// <exception cref="ArgumentException">The record lies before the last one that was applied.</exception>
    public bool CloseThrough(long watermarkMicros, long offset, CardholderScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        scratch.Assembly.Sessions?.Closed.Clear();
        if (scratch.Assembly.Sessions is not { } sessions || SessionDueMicros >= watermarkMicros)
            return false;
        // The record that moved the watermark may be this cardholder's own.
        Follow(offset + 1);
        foreach (var (_, entity) in entities)
        {
            if (entity.WatchedDue >= watermarkMicros)
                continue;
            sessions.Close(entity, watermarkMicros);
            entity.WatchedDue = sessions.NextDue(entity);
        }

        NextOffset = offset + 1;
        return sessions.Closed.Count > 0;
    }

    /// <summary>
    /// Reads the features of a card and its user as of each one's own newest event, without changing anything. What only a
    /// transaction has is missing.
    /// </summary>
    /// <param name="cardId">The card, in UTF-8.</param>
    /// <param name="expiryMicros">Up to when entities grow old, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="scratch">What the computation works in.</param>
    /// <param name="vector">The vector to fill; NaN is missing.</param>
    /// <param name="asOfMicros">The newest event of the two, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <returns>False if the card is not known.</returns>
    public bool TryRead(ReadOnlySpan<byte> cardId, long expiryMicros, CardholderScratch scratch, Span<double> vector, out long asOfMicros)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        vector.Fill(double.NaN);
        asOfMicros = long.MinValue;
        var known = false;
        var facts = new EventFacts { Fields = new ulong[features.Plan.Fields.Length] };
        foreach (var (kind, entity) in entities)
        {
            var plan = features.Plan.Entities[kind];
            if (entity.Newest == long.MinValue || entity.IsExpired(plan, expiryMicros) || !entity.Key.SequenceEqual(scratch.Assembly.Keys.Local(plan, key, cardId)))
                continue;
            known |= plan.IsCard;
            asOfMicros = Math.Max(asOfMicros, entity.Newest);
            EntityUpdate.ReadNewest(plan, entity, facts, vector);
        }

        return known;
    }

    /// <summary>Lets cards, and the user, leave that have been idle for longer than anything could still find of them.</summary>
    /// <param name="expiryMicros">Up to when entities grow old, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <returns>Whether nothing is left.</returns>
    public bool Expire(long expiryMicros)
    {
        entities.RemoveAll(e => e.Entity.IsExpired(features.Plan.Entities[e.Kind], expiryMicros));
        return entities.Count == 0;
    }

    /// <summary>Writes the state, in a versioned binary form with a checksum.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="scratch">What the computation works in.</param>
    public void Write(IBufferWriter<byte> writer, CardholderScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(scratch);
        CardholderCodec.Write(features, key, NextOffset, incompleteThrough, entities, scratch, writer);
    }

    /// <summary>
    /// Makes a cardholder in the place of one whose state is lost. Features of its cards and its user are <c>state_incomplete</c> as
    /// long as their window reaches back to the watermark of now or before, since all that is lost lies there. Which transactions
    /// it had seen is lost too: it may take repeats in for as long as their horizon, and windows that reach back to such a
    /// transaction say so as well.
    /// </summary>
    /// <param name="features">The features to compute.</param>
    /// <param name="key">Whose it is.</param>
    /// <param name="watermarkMicros">The watermark, in microseconds since 1970-01-01T00:00:00Z.</param>
    public static Cardholder Incomplete(CompiledFeatures features, ReadOnlySpan<byte> key, long watermarkMicros) =>
        new(features, key) { incompleteThrough = Math.Max(watermarkMicros, FeatureEngine.EarliestMicros) };

    /// <summary>Reads a state.</summary>
    /// <param name="features">The features to compute.</param>
    /// <param name="marks">The marks of its log, which name the layouts that it may have.</param>
    /// <param name="key">Whose it should be.</param>
    /// <param name="state">What <see cref="Write"/> wrote.</param>
    /// <exception cref="StateDamagedException">It is not as it was written, or another cardholder's.</exception>
    /// <exception cref="StateLayoutException">It is of another version or of a layout that the marks do not name.</exception>
    public static Cardholder Read(CompiledFeatures features, LogMarks marks, ReadOnlySpan<byte> key, ReadOnlySpan<byte> state)
    {
        ArgumentNullException.ThrowIfNull(marks);
        var cardholder = new Cardholder(features, key);
        (cardholder.NextOffset, cardholder.incompleteThrough) = CardholderCodec.Read(features, marks, key, state, cardholder.entities);
        if (features.Sessions is { } rules)
        {
            var sessions = new UserSessions(rules);
            foreach (var (_, entity) in cardholder.entities)
                entity.WatchedDue = sessions.NextDue(entity);
        }

        return cardholder;
    }

    private CardholderSource Source(CardholderScratch scratch, long expiryMicros) => new(entities, features, scratch, expiryMicros, incompleteThrough);

    // What a replay brings again is passed over by whoever replays; here it would be counted twice.
    private void Follow(long offset)
    {
        if (offset < NextOffset)
            throw new ArgumentException($"what comes at {offset} was applied before: the state is before {NextOffset}", nameof(offset));
    }
}
