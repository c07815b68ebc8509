using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Persistence;

namespace Scoring.Actors.Snapshots;

/// <summary>
/// Turns snapshots into rows and back, as Akka.Persistence.Sql does. A serializer's array goes into the row as it is, so a
/// payload that holds its bytes ready is never copied here. Any thread may call.
/// </summary>
/// <param name="system">Whose serializers are asked.</param>
/// <param name="fallback">The serializer of types that none is bound to; null takes that of <see cref="object"/>.</param>
internal sealed class SnapshotPayloads(ExtendedActorSystem system, string? fallback)
{
    /// <summary>The row of a snapshot.</summary>
    /// <param name="metadata">Its name, number and time.</param>
    /// <param name="snapshot">What to save.</param>
    internal SnapshotRow Write(SnapshotMetadata metadata, object snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var serializer = system.Serialization.FindSerializerFor(snapshot, fallback);
        var payload = Akka.Serialization.Serialization.WithTransport(system, (serializer, snapshot), static s => s.serializer.ToBinary(s.snapshot));
        var manifest = Akka.Serialization.Serialization.ManifestFor(serializer, snapshot);
        return new SnapshotRow(metadata.PersistenceId, metadata.SequenceNr, metadata.Timestamp.Ticks, serializer.Identifier, manifest, payload);
    }

    /// <summary>The snapshot of a row.</summary>
    /// <param name="id">The persistence id.</param>
    /// <param name="row">The row.</param>
    /// <exception cref="SerializationException">The serializer is not known here, or did not understand the payload.</exception>
    internal SelectedSnapshot Read(string id, StoredSnapshot row)
    {
        if (row.SerializerId is not { } serializer)
            throw new SerializationException($"Snapshot {row.Number} was stored without the number of its serializer");
        return new SelectedSnapshot(new SnapshotMetadata(id, row.Number, new DateTime(row.Created)), system.Serialization.Deserialize(row.Payload, serializer, row.Manifest));
    }
}
