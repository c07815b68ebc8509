using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Scoring.Actors.Messages;

/// <summary>
/// Stands in the place of Akka's serialiser by JSON, which makes whatever type a message names. It has that one's number, so that a
/// message which claims to be of it is refused too.
/// </summary>
public sealed class RefusingSerializer : Serializer
{
    private const int NumberOfJson = 1;

    /// <summary>Makes it, as Akka makes a serialiser that has a section of settings.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="settings">What the other one would heed.</param>
    public RefusingSerializer(ExtendedActorSystem system, Config settings)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => NumberOfJson;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always.</exception>
    public override byte[] ToBinary(object obj) => throw new SerializationException($"No serialiser is bound to {obj?.GetType()}");

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always.</exception>
    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("A message by a serialiser that no node has");
}
