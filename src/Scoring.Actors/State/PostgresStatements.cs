namespace Scoring.Actors.State;

/// <summary>
/// What the PostgreSQL store says to its server. An entity's row is found by its primary key alone, and its two states
/// stay in the row up to 8 KB, so that an update moves nothing to another table and compresses nothing.
/// </summary>
internal static class PostgresStatements
{
    internal const string Schema = """
        CREATE TABLE scoring_state (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            version integer NOT NULL,
            topic text NOT NULL,
            topic_id text NOT NULL,
            partitions integer NOT NULL,
            group_id text NOT NULL);
        CREATE TABLE scoring_shard (
            partition integer PRIMARY KEY,
            epoch bigint NOT NULL,
            owner_id text NOT NULL,
            owner_address text,
            checkpoint_offset bigint,
            checkpoint_time timestamptz,
            marks bytea,
            stored_entities bigint NOT NULL DEFAULT 0,
            stored_bytes bigint NOT NULL DEFAULT 0,
            phase text NOT NULL DEFAULT '',
            committed_offset bigint,
            end_offset bigint,
            watermark bigint,
            entities bigint NOT NULL DEFAULT 0,
            entity_bytes bigint NOT NULL DEFAULT 0,
            report_time timestamptz);
        CREATE TABLE scoring_entity (
            partition integer NOT NULL,
            kind text NOT NULL,
            key bytea NOT NULL,
            state_offset bigint NOT NULL,
            previous_offset bigint,
            newest bigint NOT NULL,
            watched boolean NOT NULL,
            state bytea NOT NULL,
            previous_state bytea,
            PRIMARY KEY (partition, kind, key)) WITH (toast_tuple_target = 8160, fillfactor = 60);
        ALTER TABLE scoring_entity ALTER state SET STORAGE EXTERNAL, ALTER previous_state SET STORAGE EXTERNAL;
        CREATE INDEX scoring_entity_watched ON scoring_entity (partition) WHERE watched;
        CREATE TABLE scoring_quarantine (
            partition integer NOT NULL,
            record_offset bigint NOT NULL,
            reason text NOT NULL,
            noted timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (partition, record_offset));
        """;

    // Two nodes that start at once would both find no table; the number is "scoring" in ASCII.
    internal const string LockSchema = "SELECT pg_advisory_xact_lock(32480086404556391)";

    // Beside the schema: a store of before it learns it here. Making a table that is there asks for rights that a node need not have.
    internal const string Topics = "CREATE TABLE scoring_topic (topic text PRIMARY KEY, topic_id text NOT NULL)";

    internal const string TopicsExist = "SELECT to_regclass('scoring_topic') IS NOT NULL";

    internal const string NoteTopic = "INSERT INTO scoring_topic (topic, topic_id) VALUES ($1, $2) ON CONFLICT (topic) DO NOTHING";

    internal const string ReadTopic = "SELECT topic_id FROM scoring_topic WHERE topic = $1";

    internal const string SchemaExists = "SELECT to_regclass('scoring_state') IS NOT NULL";

    internal const string ReadIdentity = "SELECT version, topic, topic_id, partitions, group_id FROM scoring_state";

    internal const string WriteIdentity = "INSERT INTO scoring_state (version, topic, topic_id, partitions, group_id) VALUES ($1, $2, $3, $4, $5)";

    internal const string WriteTopicId = "UPDATE scoring_state SET topic_id = $1 WHERE topic_id = ''";

    /// <summary>
    /// Settings of one transaction. A node that is stopped in the middle of a write holds the shard's row: the server
    /// ends its session, so that the shard's next owner does not wait for it. An acknowledged write is on disk.
    /// </summary>
    internal const string Settings = """
        SELECT set_config('idle_in_transaction_session_timeout', $1, true),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)
        """;

    internal const string Acquire = """
        INSERT INTO scoring_shard AS s (partition, epoch, owner_id, owner_address) VALUES ($1, 1, $2, $3)
        ON CONFLICT (partition) DO UPDATE SET epoch = s.epoch + 1, owner_id = excluded.owner_id, owner_address = excluded.owner_address,
            phase = '', committed_offset = NULL, end_offset = NULL, watermark = NULL, entities = 0, entity_bytes = 0, report_time = NULL
        RETURNING epoch, checkpoint_offset, marks
        """;

    internal const string ReadQuarantine = "SELECT record_offset, reason FROM scoring_quarantine WHERE partition = $1 ORDER BY record_offset";

    // The limit keeps the planner from reading the table whole for a large batch.
    internal const string Load = """
        SELECT i.number, e.state_offset, e.state, e.previous_offset, e.previous_state
        FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS i (kind, key, number)
        CROSS JOIN LATERAL (
            SELECT state_offset, state, previous_offset, previous_state FROM scoring_entity
            WHERE partition = $1 AND kind = i.kind AND key = i.key LIMIT 1) e
        """;

    internal const string ReadEpoch = "SELECT epoch FROM scoring_shard WHERE partition = $1";

    internal const string LoadWatched = "SELECT kind, key, state_offset, state, previous_offset, previous_state FROM scoring_entity WHERE partition = $1 AND watched";

    internal const string Fence = """
        UPDATE scoring_shard SET checkpoint_offset = $3, marks = $4, checkpoint_time = clock_timestamp() WHERE partition = $1 AND epoch = $2
        """;

    // The rows as they were are read by the same statement, hence as of before it; they tell how much is added.
    internal const string Upsert = """
        WITH incoming AS MATERIALIZED (
            SELECT * FROM unnest($3::text[], $4::bytea[], $5::bytea[], $6::bigint[], $7::boolean[]) AS i (kind, key, state, newest, watched)),
        before AS MATERIALIZED (
            SELECT e.bytes FROM incoming i CROSS JOIN LATERAL (
                SELECT octet_length(state) AS bytes FROM scoring_entity WHERE partition = $1 AND kind = i.kind AND key = i.key LIMIT 1) e),
        written AS (
            INSERT INTO scoring_entity AS e (partition, kind, key, state_offset, newest, watched, state)
            SELECT $1, kind, key, $2, newest, watched, state FROM incoming
            ON CONFLICT (partition, kind, key) DO UPDATE SET
                previous_offset = CASE WHEN e.state_offset < excluded.state_offset THEN e.state_offset ELSE e.previous_offset END,
                previous_state = CASE WHEN e.state_offset < excluded.state_offset THEN e.state ELSE e.previous_state END,
                state_offset = excluded.state_offset, newest = excluded.newest, watched = excluded.watched, state = excluded.state)
        SELECT (SELECT count(*) FROM incoming) - (SELECT count(*) FROM before),
            (SELECT coalesce(sum(octet_length(state)), 0) FROM incoming) - (SELECT coalesce(sum(bytes), 0) FROM before)
        """;

    // Looks at a stretch of the kind's keys and no further: the next purge goes on behind it.
    internal const string Purge = """
        WITH slice AS MATERIALIZED (
            SELECT ctid AS place, key, newest, watched FROM scoring_entity WHERE partition = $1 AND kind = $2 AND key > $3 ORDER BY key LIMIT $5),
        gone AS (
            DELETE FROM scoring_entity WHERE ctid = ANY (ARRAY(SELECT place FROM slice WHERE newest < $4 AND NOT watched))
            RETURNING octet_length(state) AS bytes)
        SELECT (SELECT count(*) FROM slice), (SELECT key FROM slice ORDER BY key DESC LIMIT 1),
            (SELECT count(*) FROM gone), (SELECT coalesce(sum(bytes), 0) FROM gone)
        """;

    internal const string Count = "UPDATE scoring_shard SET stored_entities = stored_entities + $2, stored_bytes = stored_bytes + $3 WHERE partition = $1";

    internal const string PruneQuarantine = """
        DELETE FROM scoring_quarantine WHERE partition = $1
            AND EXISTS (SELECT 1 FROM scoring_shard WHERE partition = $1 AND epoch = $2)
            AND record_offset < (SELECT checkpoint_offset FROM scoring_shard WHERE partition = $1)
            AND record_offset <= (SELECT record_offset FROM scoring_quarantine WHERE partition = $1 ORDER BY record_offset DESC LIMIT 1 OFFSET $3)
        """;

    internal const string Quarantine = """
        WITH mine AS (SELECT partition FROM scoring_shard WHERE partition = $1 AND epoch = $2 FOR UPDATE)
        INSERT INTO scoring_quarantine (partition, record_offset, reason) SELECT partition, o, r FROM mine, unnest($3::bigint[], $4::text[]) AS n (o, r)
        ON CONFLICT (partition, record_offset) DO UPDATE SET reason = excluded.reason
        """;

    internal const string Report = """
        UPDATE scoring_shard s SET phase = r.phase, committed_offset = r.committed, end_offset = r.finish, watermark = r.watermark,
            entities = r.entities, entity_bytes = r.bytes, report_time = clock_timestamp()
        FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
            AS r (partition, epoch, phase, committed, finish, watermark, entities, bytes)
        WHERE s.partition = r.partition AND s.epoch = r.epoch
        """;

    internal const string Shards = """
        SELECT partition, epoch, phase, committed_offset, end_offset, watermark, entities, entity_bytes, owner_id, owner_address, checkpoint_offset,
            clock_timestamp() - checkpoint_time, clock_timestamp() - report_time, stored_entities, stored_bytes
        FROM scoring_shard ORDER BY partition
        """;
}
