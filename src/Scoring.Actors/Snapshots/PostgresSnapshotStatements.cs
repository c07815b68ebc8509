namespace Scoring.Actors.Snapshots;

/// <summary>What the store says to PostgreSQL.</summary>
/// <param name="table">The table of the snapshots, as a statement writes it.</param>
/// <param name="key">The name of its primary key.</param>
/// <param name="fences">The table of the fences, as a statement writes it.</param>
internal sealed class PostgresSnapshotStatements(string table, string key, string fences)
{
    private const string Columns = "persistence_id, sequence_number, created, snapshot, manifest, serializer_id";

    /// <summary>
    /// The table as Akka.Persistence.Sql makes it, less its indexes of numbers and times alone, by which nothing is asked here and
    /// each of which every save would write. Payloads stay in the row up to 8 KB and are not compressed.
    /// </summary>
    internal string Schema { get; } = $"""
        CREATE TABLE IF NOT EXISTS {table} (
            persistence_id text NOT NULL,
            sequence_number bigint NOT NULL,
            created bigint NOT NULL,
            snapshot bytea,
            manifest text,
            serializer_id integer,
            CONSTRAINT {key} PRIMARY KEY (persistence_id, sequence_number)) WITH (toast_tuple_target = 8160);
        ALTER TABLE {table} ALTER snapshot SET STORAGE EXTERNAL;
        CREATE TABLE IF NOT EXISTS {fences} (
            topic text NOT NULL,
            partition integer NOT NULL,
            counter bigint NOT NULL,
            node text NOT NULL,
            random bigint NOT NULL,
            PRIMARY KEY (topic, partition));
        """;

    // Two nodes that start at once would both find no table; the number is "snapshot" in ASCII.
    internal const string LockSchema = "SELECT pg_advisory_xact_lock(8317692697400340340)";

    // Making a table that is there asks for rights that a node need not have.
    internal string AreThere { get; } = $"SELECT to_regclass('{table}') IS NOT NULL AND to_regclass('{fences}') IS NOT NULL";

    /// <summary>
    /// Settings of one transaction: a node that is stopped in the middle of a group must not hold its rows for ever, and what was
    /// acknowledged is on disk. Tells whether the session has its table for incoming rows.
    /// </summary>
    internal const string Settings = """
        SELECT set_config('idle_in_transaction_session_timeout', $1, true),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true),
            to_regclass('pg_temp.scoring_incoming') IS NOT NULL
        """;

    // Of the session, not of the transaction: making one costs rows of the catalogue. Behind a pooler it may be another client's, which is as good.
    internal const string Incoming = """
        CREATE TEMPORARY TABLE scoring_incoming (
            persistence_id text, sequence_number bigint, created bigint, snapshot bytea, manifest text, serializer_id integer)
            WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS;
        ALTER TABLE pg_temp.scoring_incoming ALTER snapshot SET STORAGE EXTERNAL
        """;

    internal const string Copy = $"COPY pg_temp.scoring_incoming ({Columns}) FROM STDIN (FORMAT BINARY)";

    internal string Upsert { get; } = $"""
        INSERT INTO {table} ({Columns})
        SELECT {Columns} FROM pg_temp.scoring_incoming ORDER BY persistence_id COLLATE "C", sequence_number
        ON CONFLICT (persistence_id, sequence_number) DO UPDATE SET
            created = excluded.created, snapshot = excluded.snapshot, manifest = excluded.manifest, serializer_id = excluded.serializer_id
        """;

    // The limit keeps the planner from reading the table whole for a large group.
    internal string Load { get; } = $"""
        SELECT i.place, s.sequence_number, s.created, s.serializer_id, s.manifest, s.snapshot
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) WITH ORDINALITY AS i (id, least, most, earliest, latest, place)
        CROSS JOIN LATERAL (
            SELECT sequence_number, created, serializer_id, manifest, snapshot FROM {table}
            WHERE persistence_id = i.id AND sequence_number BETWEEN i.least AND i.most AND created BETWEEN i.earliest AND i.latest
            ORDER BY sequence_number DESC LIMIT 1) s
        """;

    internal string Delete { get; } = $"""
        DELETE FROM {table} t USING unnest($1::text[], $2::bigint[]) AS i (id, number)
        WHERE t.persistence_id = i.id AND t.sequence_number = i.number
        """;

    internal string DeleteOlder { get; } = $"""
        DELETE FROM {table} t USING (
            SELECT i.id, o.number FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS i (id, through, newest)
            CROSS JOIN LATERAL (
                SELECT sequence_number AS number FROM {table}
                WHERE persistence_id = i.id AND sequence_number <= i.through AND sequence_number IS DISTINCT FROM
                    (SELECT max(sequence_number) FROM {table} WHERE persistence_id = i.id AND sequence_number <= i.newest)
                ORDER BY sequence_number) o
            LIMIT $4) d
        WHERE t.persistence_id = d.id AND t.sequence_number = d.number
        """;

    internal string DeleteRange { get; } = $"""
        DELETE FROM {table} WHERE persistence_id = $1 AND sequence_number IN (
            SELECT sequence_number FROM {table}
            WHERE persistence_id = $1 AND sequence_number BETWEEN $2 AND $3 AND created BETWEEN $4 AND $5
            ORDER BY sequence_number LIMIT $6)
        """;

    /// <summary>
    /// One stretch of the key's index, all ids of it: in the order of a language those with one beginning need not lie together, and a
    /// search for them would read the table whole for each statement.
    /// </summary>
    internal string DeletePrefixes { get; } = $"""
        WITH stretch AS MATERIALIZED (
            SELECT persistence_id, sequence_number FROM {table}
            WHERE (persistence_id, sequence_number) > ($2, $3)
            ORDER BY persistence_id, sequence_number LIMIT $4),
        gone AS (
            DELETE FROM {table} t USING stretch s
            WHERE t.persistence_id = s.persistence_id AND t.sequence_number = s.sequence_number
                AND EXISTS (SELECT FROM unnest($1::text[]) AS p (prefix) WHERE left(s.persistence_id, length(p.prefix)) = p.prefix)
            RETURNING 1)
        SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM stretch), persistence_id, sequence_number FROM stretch
        ORDER BY persistence_id DESC, sequence_number DESC LIMIT 1
        """;

    internal string WriteFence { get; } = $"""
        INSERT INTO {fences} AS f (topic, partition, counter, node, random) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (topic, partition) DO UPDATE SET counter = excluded.counter, node = excluded.node, random = excluded.random
        WHERE (excluded.counter, excluded.node, excluded.random) > (f.counter, f.node, f.random)
        """;

    internal string ReadFence { get; } = $"SELECT counter, node, random FROM {fences} WHERE topic = $1 AND partition = $2";

    /// <summary>The statements for the tables that the options name: letters, digits and underscores, so quoting suffices.</summary>
    /// <param name="options">The options.</param>
    internal static PostgresSnapshotStatements Of(SnapshotStoreOptions options)
    {
        var schema = options.Schema.Length == 0 ? "" : $"\"{options.Schema}\".";
        return new PostgresSnapshotStatements($"{schema}\"{options.Table}\"", $"\"PK_{options.Table}\"", $"{schema}\"{options.FenceTable}\"");
    }
}
