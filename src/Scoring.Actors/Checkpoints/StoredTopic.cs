using Scoring.Models.Features;

namespace Scoring.Actors.Checkpoints;

/// <summary>The row of a topic: its id.</summary>
internal static class StoredTopic
{
    private const byte Version = 1;

    internal static StoredState Write(string id) => new(StoredKind.Topic, StoredFrame.Write(Version, output => output.Write(id)));

    /// <exception cref="StateDamagedException">The bytes are not as they were written.</exception>
    /// <exception cref="StateNewerException">They are of a newer version.</exception>
    internal static string Read(StoredState state) => StoredFrame.Read("a topic's row", state.Bytes, Version, static (_, input) => input.ReadString());
}
