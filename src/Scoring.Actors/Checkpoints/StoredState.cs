using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace Scoring.Actors.Checkpoints;

/// <summary>What a row of the snapshot store holds of a partition.</summary>
public enum StoredKind
{
    /// <summary>A cardholder.</summary>
    Cardholder,

    /// <summary>A manifest: what belongs to a checkpoint beside its cardholders.</summary>
    Manifest,

    /// <summary>Notes of records that failed.</summary>
    Notes,

    /// <summary>When the open sessions of some cardholders end.</summary>
    Dues,

    /// <summary>A topic's id.</summary>
    Topic,
}

/// <summary>A snapshot's payload: bytes that carry a version and a checksum of their own, so that whoever reads them finds damage.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Bytes">The bytes, which nobody changes any more.</param>
public sealed record StoredState(StoredKind Kind, byte[] Bytes);

/// <summary>Writes a <see cref="StoredState"/> as it is: nothing of a stored row depends on a type's name.</summary>
/// <param name="system">The actor system.</param>
public sealed class StoredStateSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private static readonly string[] Manifests = ["c", "m", "n", "d", "t"];

    /// <summary>The number under which rows name this serializer.</summary>
    public const int Number = 7_301;

    /// <inheritdoc/>
    public override int Identifier => Number;

    /// <inheritdoc/>
    public override string Manifest(object o) => Manifests[(int)State(o).Kind];

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => State(obj).Bytes;

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => Array.IndexOf(Manifests, manifest) is >= 0 and var kind
        ? new StoredState((StoredKind)kind, bytes)
        : throw new SerializationException($"a snapshot has the manifest '{manifest}', and this program knows {string.Join(", ", Manifests)}");

    private static StoredState State(object o) => o as StoredState ?? throw new ArgumentException($"{o?.GetType()} is no {nameof(StoredState)}", nameof(o));
}
