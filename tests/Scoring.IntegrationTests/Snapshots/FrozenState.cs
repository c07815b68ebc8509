using Akka.Actor;
using Akka.Serialization;

namespace Scoring.IntegrationTests.Snapshots;

/// <summary>A payload that holds its bytes ready, as a cardholder's does.</summary>
public sealed record FrozenState(byte[] Bytes);

/// <summary>Gives a payload's own array away.</summary>
public sealed class FrozenStateSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public const string TheManifest = "fs1";

    public override int Identifier => 7_501;

    public override byte[] ToBinary(object obj) => obj is FrozenState { Bytes.Length: < 1_000_000 } state ? state.Bytes : throw new ArgumentException("too large a state");

    public override object FromBinary(byte[] bytes, string manifest) => manifest == TheManifest ? new FrozenState(bytes) : throw new ArgumentException($"unknown manifest {manifest}");

    public override string Manifest(object o) => TheManifest;
}
