namespace Scoring.Actors.Snapshots;

/// <summary>What the store says to SQLite.</summary>
/// <param name="table">The table of the snapshots.</param>
/// <param name="fences">The table of the fences.</param>
internal sealed class SqliteSnapshotStatements(string table, string fences)
{
    /// <summary>
    /// The table as Akka.Persistence.Sql makes it, its types' names included, less its indexes of numbers and times alone, by which
    /// nothing is asked here and each of which every save would write.
    /// </summary>
    internal string Schema { get; } = $"""
        CREATE TABLE IF NOT EXISTS "{table}" (
            persistence_id NVarChar(255) NOT NULL,
            sequence_number INTEGER NOT NULL,
            created INTEGER NOT NULL,
            snapshot VarBinary NULL,
            manifest NVarChar(500) NULL,
            serializer_id INTEGER NULL,
            CONSTRAINT "PK_{table}" PRIMARY KEY (persistence_id, sequence_number));
        CREATE TABLE IF NOT EXISTS "{fences}" (
            topic TEXT NOT NULL,
            partition INTEGER NOT NULL,
            counter INTEGER NOT NULL,
            node TEXT NOT NULL,
            random INTEGER NOT NULL,
            PRIMARY KEY (topic, partition)) WITHOUT ROWID;
        """;

    internal string Upsert { get; } = $"""
        INSERT INTO "{table}" (persistence_id, sequence_number, created, snapshot, manifest, serializer_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (persistence_id, sequence_number) DO UPDATE SET
            created = excluded.created, snapshot = excluded.snapshot, manifest = excluded.manifest, serializer_id = excluded.serializer_id
        """;

    internal string Load { get; } = $"""
        SELECT sequence_number, created, serializer_id, manifest, snapshot FROM "{table}"
        WHERE persistence_id = ?1 AND sequence_number BETWEEN ?2 AND ?3 AND created BETWEEN ?4 AND ?5
        ORDER BY sequence_number DESC LIMIT 1
        """;

    internal string Delete { get; } = $"""DELETE FROM "{table}" WHERE persistence_id = ?1 AND sequence_number = ?2""";

    internal string DeleteOlder { get; } = $"""
        DELETE FROM "{table}" WHERE rowid IN (
            SELECT rowid FROM "{table}" WHERE persistence_id = ?1 AND sequence_number <= ?2
                AND sequence_number IS NOT (SELECT max(sequence_number) FROM "{table}" WHERE persistence_id = ?1 AND sequence_number <= ?3)
            ORDER BY sequence_number LIMIT ?4)
        """;

    internal string DeleteRange { get; } = $"""
        DELETE FROM "{table}" WHERE rowid IN (
            SELECT rowid FROM "{table}"
            WHERE persistence_id = ?1 AND sequence_number BETWEEN ?2 AND ?3 AND created BETWEEN ?4 AND ?5
            ORDER BY sequence_number LIMIT ?6)
        """;

    /// <summary>The end of the range is the text whose last character is the next one: ids are compared byte by byte.</summary>
    internal string DeletePrefix { get; } = $"""
        DELETE FROM "{table}" WHERE rowid IN (
            SELECT rowid FROM "{table}" WHERE persistence_id >= ?1 AND persistence_id < ?2
            ORDER BY persistence_id, sequence_number LIMIT ?3)
        """;

    internal string WriteFence { get; } = $"""
        INSERT INTO "{fences}" (topic, partition, counter, node, random) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (topic, partition) DO UPDATE SET counter = excluded.counter, node = excluded.node, random = excluded.random
        WHERE (excluded.counter, excluded.node, excluded.random) > (counter, node, random)
        """;

    internal string ReadFence { get; } = $"""SELECT counter, node, random FROM "{fences}" WHERE topic = ?1 AND partition = ?2""";
}
