namespace Scoring.Actors.Snapshots;

/// <summary>A row to save, as Akka.Persistence.Sql writes it.</summary>
/// <param name="Id">The persistence id.</param>
/// <param name="Number">The sequence number.</param>
/// <param name="Created">The snapshot's time in ticks.</param>
/// <param name="SerializerId">The payload's serializer.</param>
/// <param name="Manifest">What its serializer needs to read it; empty where that is nothing.</param>
/// <param name="Payload">The payload, which nobody changes any more.</param>
internal sealed record SnapshotRow(string Id, long Number, long Created, int SerializerId, string Manifest, byte[] Payload);

/// <summary>A row that was loaded.</summary>
/// <param name="Number">The sequence number.</param>
/// <param name="Created">The snapshot's time in ticks.</param>
/// <param name="SerializerId">The payload's serializer; null in a row that another program wrote without one.</param>
/// <param name="Manifest">What its serializer needs to read it.</param>
/// <param name="Payload">The payload.</param>
internal sealed record StoredSnapshot(long Number, long Created, int? SerializerId, string Manifest, byte[] Payload);

/// <summary>Which rows of a persistence id are meant; all bounds are in it.</summary>
/// <param name="Id">The persistence id.</param>
/// <param name="Least">The least number.</param>
/// <param name="Most">The greatest number.</param>
/// <param name="Earliest">The earliest time in ticks.</param>
/// <param name="Latest">The latest time in ticks.</param>
internal readonly record struct SnapshotRange(string Id, long Least, long Most, long Earliest, long Latest);

/// <summary>
/// The table of the snapshots, and that of the fences beside it. Every call is one transaction, and what it wrote is on disk
/// when it returns. Calls of different kinds may overlap; saves and deletes come one after the other.
/// </summary>
internal interface ISnapshotTable : IAsyncDisposable
{
    /// <summary>The database, for messages.</summary>
    string Name { get; }

    /// <summary>Whether the same call may succeed later.</summary>
    /// <param name="failure">What a call threw.</param>
    bool IsTransient(Exception failure);

    /// <summary>What a failure says, with what to do about it where that is known.</summary>
    /// <param name="failure">What a call threw.</param>
    string Describe(Exception failure);

    /// <summary>Makes the tables where they are missing. Done once, a repetition costs nothing.</summary>
    /// <param name="cancellation">Gives up.</param>
    Task PrepareAsync(CancellationToken cancellation);

    /// <summary>Inserts rows or overwrites those that are there, all or none.</summary>
    /// <param name="rows">The rows in the order of ids and numbers, each once: so two writers of the same rows wait for each other and never in a circle.</param>
    /// <param name="cancellation">Gives up.</param>
    Task SaveAsync(IReadOnlyList<SnapshotRow> rows, CancellationToken cancellation);

    /// <summary>Reads of each range the row with the greatest number.</summary>
    /// <param name="ranges">The ranges.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The rows by the ranges' places; null where there is none.</returns>
    Task<StoredSnapshot?[]> LoadAsync(IReadOnlyList<SnapshotRange> ranges, CancellationToken cancellation);

    /// <summary>Deletes rows.</summary>
    /// <param name="keys">The rows, in the order of ids and numbers.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many were there.</returns>
    Task<int> DeleteAsync(IReadOnlyList<SnapshotKey> keys, CancellationToken cancellation);

    /// <summary>Deletes rows that newer ones stand for.</summary>
    /// <param name="rows">The rows, in the order of ids.</param>
    /// <param name="most">How many go at most.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many went.</returns>
    Task<int> DeleteOlderAsync(IReadOnlyList<OlderSnapshots> rows, int most, CancellationToken cancellation);

    /// <summary>Deletes the rows of a range.</summary>
    /// <param name="range">The range.</param>
    /// <param name="most">How many go at most.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many went.</returns>
    Task<int> DeleteRangeAsync(SnapshotRange range, int most, CancellationToken cancellation);

    /// <summary>Deletes rows whose persistence ids begin with one of some texts, as far as one bounded statement gets.</summary>
    /// <param name="prefixes">The texts.</param>
    /// <param name="after">Where the statement before ended; null for the first.</param>
    /// <param name="most">How many rows it looks at or deletes at most.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>How many went, and where the next statement goes on; null if no row is left.</returns>
    Task<(int Gone, SnapshotKey? Next)> DeletePrefixesAsync(IReadOnlyList<string> prefixes, SnapshotKey? after, int most, CancellationToken cancellation);

    /// <summary>Writes fences where their token is greater than the one that stands there, and reads all.</summary>
    /// <param name="fences">The partitions in their order, with the token to write or null to read alone.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>What stands there afterwards, by the partitions' places.</returns>
    Task<FenceToken?[]> FenceAsync(IReadOnlyList<(string Topic, int Partition, FenceToken? Token)> fences, CancellationToken cancellation);
}
