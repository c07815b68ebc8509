using System.Buffers;
using System.Buffers.Binary;
using Scoring.Models.Features.State;

namespace Scoring.Models.Features;

/// <summary>Takes one entity's state.</summary>
/// <param name="kind">The entity's name in the feature set.</param>
/// <param name="key">Its key: the field's text in UTF-8; of a card, its user's, 0xFF and its own.</param>
/// <param name="state">Its state, valid until the call returns.</param>
public delegate void EntityStateVisitor(string kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> state);

public sealed partial class FeatureEngine
{
    private const byte MarksVersion = 1;
    private const int MarksBytes = 1 + (3 * 8);

    private readonly ArrayBufferWriter<byte> stateBuffer = new();

    /// <summary>How many entities changed since they were last saved.</summary>
    public long ChangedEntities => tables.Sum(t => t?.Changed.Count(e => e.Changed) ?? 0);

    /// <summary>
    /// Writes the state of each entity, in a versioned binary form, so that an engine that restores it goes on
    /// exactly as this one. Afterwards none counts as changed.
    /// </summary>
    /// <param name="changedOnly">Whether to leave out what did not change since it was last saved or restored.</param>
    /// <param name="visit">Takes each state.</param>
    public void SaveEntities(bool changedOnly, EntityStateVisitor visit)
    {
        ArgumentNullException.ThrowIfNull(visit);
        foreach (var table in tables)
        {
            if (table is null)
                continue;
            foreach (var entity in changedOnly ? System.Runtime.InteropServices.CollectionsMarshal.AsSpan(table.Changed) : table.Slots)
            {
                if (entity is null || (changedOnly && !entity.Changed))
                    continue;
                stateBuffer.ResetWrittenCount();
                EntityCodec.Write(table.Plan, entity, stateBuffer);
                visit(table.Plan.Name, entity.Key, stateBuffer.WrittenSpan);
                entity.Changed = false;
            }

            table.Changed.Clear();
        }
    }

    /// <summary>Adds an entity as it was saved.</summary>
    /// <param name="kind">The entity's name in the feature set.</param>
    /// <param name="key">Its key, as it was saved.</param>
    /// <param name="state">Its state.</param>
    /// <exception cref="FormatException">The state is damaged or of another layout; the message says what is wrong.</exception>
    /// <exception cref="ArgumentException">The engine keeps no such kind, or already holds the entity.</exception>
    public void RestoreEntity(string kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> state)
    {
        var table = Array.Find(tables, t => t?.Plan.Name == kind)
            ?? throw new ArgumentException($"this engine keeps no entity '{kind}'; it keeps {string.Join(", ", tables.OfType<EntityTable>().Select(t => t.Plan.Name))}", nameof(kind));
        var hash = Hash64.Of(key);
        if (table.Find(key, hash) is not null)
            throw new ArgumentException($"the engine already holds this {kind}", nameof(key));
        var entity = new Entity(table.Plan, key, hash);
        EntityCodec.Read(table.Plan, entity, state, plan.Fields.Length);
        table.Add(entity);
        if (table.Plan.MerchantTable >= 0)
            sessions!.Watch(entity);
    }

    /// <summary>Writes the engine's own marks of time, which belong to a checkpoint like its entities.</summary>
    /// <param name="writer">Where to.</param>
    public void SaveMarks(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var output = writer.GetSpan(MarksBytes);
        output[0] = MarksVersion;
        BinaryPrimitives.WriteInt64LittleEndian(output[1..], WatermarkMicros);
        BinaryPrimitives.WriteInt64LittleEndian(output[9..], previousTime);
        BinaryPrimitives.WriteInt64LittleEndian(output[17..], expiryMark);
        writer.Advance(MarksBytes);
    }

    /// <summary>Takes over the marks of time of a checkpoint.</summary>
    /// <param name="marks">What <see cref="SaveMarks"/> wrote.</param>
    /// <exception cref="FormatException">They are of another version or length.</exception>
    public void RestoreMarks(ReadOnlySpan<byte> marks)
    {
        if (marks.Length != MarksBytes || marks[0] != MarksVersion)
            throw new FormatException($"the engine's marks have {marks.Length} bytes of version {(marks.IsEmpty ? 0 : marks[0])}; this program reads {MarksBytes} of version {MarksVersion}");
        WatermarkMicros = BinaryPrimitives.ReadInt64LittleEndian(marks[1..]);
        previousTime = BinaryPrimitives.ReadInt64LittleEndian(marks[9..]);
        expiryMark = BinaryPrimitives.ReadInt64LittleEndian(marks[17..]);
    }
}
