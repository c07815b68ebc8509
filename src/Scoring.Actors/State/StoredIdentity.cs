namespace Scoring.Actors.State;

/// <summary>What a store says of the schema and the input log that its rows are of.</summary>
/// <param name="Version">The schema's version.</param>
/// <param name="Log">The input log.</param>
internal sealed record StoredIdentity(int Version, LogIdentity Log)
{
    /// <summary>The schema that this program reads and writes, and with it the format of the states.</summary>
    internal const int SchemaVersion = 2;

    /// <summary>Refuses what is not of this input log.</summary>
    /// <param name="store">The store, for the message.</param>
    /// <param name="expected">The input log that the node reads.</param>
    /// <exception cref="SnapshotStoreMismatchException">It is of another one, or of another schema.</exception>
    internal void Check(string store, LogIdentity expected)
    {
        if (Version != SchemaVersion)
            throw new SnapshotStoreMismatchException($"{store} has schema version {Version}, and this program knows version {SchemaVersion}: run the version of the program that wrote it, or give this one a store of its own (Scoring:State), whose state the bootstrap command makes from history");
        var sameId = Log.TopicId.Length == 0 || expected.TopicId.Length == 0 || Log.TopicId == expected.TopicId;
        if (Log.Topic != expected.Topic || Log.Partitions != expected.Partitions || Log.GroupId != expected.GroupId || !sameId)
        {
            throw new SnapshotStoreMismatchException(
                $"{store} holds the state of {Text(Log)}, and this node reads {Text(expected)}. Offsets and shards of the one mean nothing in the other: "
                + "set the topic, its partitions and the group back, or give this node a store of its own (Scoring:State:Path or Scoring:State:ConnectionString), which starts without history");
        }
    }

    private static string Text(LogIdentity log) =>
        $"topic '{log.Topic}'{(log.TopicId.Length > 0 ? $" (id {log.TopicId})" : "")} with {log.Partitions} partitions for group '{log.GroupId}'";
}
