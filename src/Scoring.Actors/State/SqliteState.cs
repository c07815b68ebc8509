namespace Scoring.Actors.State;

/// <summary>What the SQLite store says. The small columns of an entity stand before its states, so that a look at them reads no more.</summary>
internal static class SqliteState
{
    internal const string Schema = """
        CREATE TABLE scoring_state (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            version INTEGER NOT NULL,
            topic TEXT NOT NULL,
            topic_id TEXT NOT NULL,
            partitions INTEGER NOT NULL,
            group_id TEXT NOT NULL);
        CREATE TABLE scoring_shard (
            partition INTEGER PRIMARY KEY,
            epoch INTEGER NOT NULL,
            owner_id TEXT NOT NULL,
            owner_address TEXT,
            checkpoint_offset INTEGER,
            checkpoint_time REAL,
            marks BLOB,
            stored_entities INTEGER NOT NULL DEFAULT 0,
            stored_bytes INTEGER NOT NULL DEFAULT 0,
            phase TEXT NOT NULL DEFAULT '',
            committed_offset INTEGER,
            end_offset INTEGER,
            watermark INTEGER,
            entities INTEGER NOT NULL DEFAULT 0,
            entity_bytes INTEGER NOT NULL DEFAULT 0,
            report_time REAL);
        CREATE TABLE scoring_entity (
            partition INTEGER NOT NULL,
            kind TEXT NOT NULL,
            key BLOB NOT NULL,
            state_offset INTEGER NOT NULL,
            previous_offset INTEGER,
            newest INTEGER NOT NULL,
            watched INTEGER NOT NULL,
            state BLOB NOT NULL,
            previous_state BLOB,
            PRIMARY KEY (partition, kind, key)) WITHOUT ROWID;
        CREATE INDEX scoring_entity_watched ON scoring_entity (partition) WHERE watched = 1;
        CREATE TABLE scoring_quarantine (
            partition INTEGER NOT NULL,
            record_offset INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (partition, record_offset));
        """;

    // Beside the schema: a store of before it learns it here.
    internal const string Topics = "CREATE TABLE IF NOT EXISTS scoring_topic (topic TEXT PRIMARY KEY, topic_id TEXT NOT NULL)";

    internal const string NoteTopic = "INSERT INTO scoring_topic (topic, topic_id) VALUES (?1, ?2) ON CONFLICT (topic) DO NOTHING";

    internal const string ReadTopic = "SELECT topic_id FROM scoring_topic WHERE topic = ?1";

    internal const string SchemaExists = "SELECT count(*) FROM sqlite_master WHERE name = 'scoring_state'";

    internal const string ReadIdentity = "SELECT version, topic, topic_id, partitions, group_id FROM scoring_state";

    internal const string WriteIdentity = "INSERT INTO scoring_state (only_row, version, topic, topic_id, partitions, group_id) VALUES (1, ?1, ?2, ?3, ?4, ?5)";

    internal const string WriteTopicId = "UPDATE scoring_state SET topic_id = ?1 WHERE topic_id = ''";

    internal const string Acquire = """
        INSERT INTO scoring_shard (partition, epoch, owner_id, owner_address) VALUES (?1, 1, ?2, ?3)
        ON CONFLICT (partition) DO UPDATE SET epoch = epoch + 1, owner_id = excluded.owner_id, owner_address = excluded.owner_address,
            phase = '', committed_offset = NULL, end_offset = NULL, watermark = NULL, entities = 0, entity_bytes = 0, report_time = NULL
        """;

    internal const string ReadShard = "SELECT epoch, checkpoint_offset, marks FROM scoring_shard WHERE partition = ?1";

    internal const string ReadQuarantine = "SELECT record_offset, reason FROM scoring_quarantine WHERE partition = ?1 ORDER BY record_offset";

    internal const string Load = "SELECT state_offset, state, previous_offset, previous_state FROM scoring_entity WHERE partition = ?1 AND kind = ?2 AND key = ?3";

    internal const string ReadEpoch = "SELECT epoch FROM scoring_shard WHERE partition = ?1";

    internal const string LoadWatched = "SELECT state_offset, state, previous_offset, previous_state, kind, key FROM scoring_entity WHERE partition = ?1 AND watched = 1";

    internal const string Fence = "UPDATE scoring_shard SET checkpoint_offset = ?3, marks = ?4, checkpoint_time = julianday('now') WHERE partition = ?1 AND epoch = ?2";

    internal const string Size = "SELECT length(state) FROM scoring_entity WHERE partition = ?1 AND kind = ?2 AND key = ?3";

    internal const string Upsert = """
        INSERT INTO scoring_entity (partition, kind, key, state_offset, newest, watched, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (partition, kind, key) DO UPDATE SET
            previous_offset = CASE WHEN state_offset < excluded.state_offset THEN state_offset ELSE previous_offset END,
            previous_state = CASE WHEN state_offset < excluded.state_offset THEN state ELSE previous_state END,
            state_offset = excluded.state_offset, newest = excluded.newest, watched = excluded.watched, state = excluded.state
        """;

    // Looks at a stretch of the kind's keys and no further: the next purge goes on behind it.
    internal const string PurgeSlice = "SELECT key, newest < ?4 AND NOT watched, length(state) FROM scoring_entity WHERE partition = ?1 AND kind = ?2 AND key > ?3 ORDER BY key LIMIT ?5";

    internal const string Remove = "DELETE FROM scoring_entity WHERE partition = ?1 AND kind = ?2 AND key = ?3";

    internal const string Count = "UPDATE scoring_shard SET stored_entities = stored_entities + ?2, stored_bytes = stored_bytes + ?3 WHERE partition = ?1";

    internal const string PruneQuarantine = """
        DELETE FROM scoring_quarantine WHERE partition = ?1
            AND EXISTS (SELECT 1 FROM scoring_shard WHERE partition = ?1 AND epoch = ?2)
            AND record_offset < (SELECT checkpoint_offset FROM scoring_shard WHERE partition = ?1)
            AND record_offset <= (SELECT record_offset FROM scoring_quarantine WHERE partition = ?1 ORDER BY record_offset DESC LIMIT 1 OFFSET ?3)
        """;

    internal const string Quarantine = """
        INSERT INTO scoring_quarantine (partition, record_offset, reason) SELECT partition, ?3, ?4 FROM scoring_shard WHERE partition = ?1 AND epoch = ?2
        ON CONFLICT (partition, record_offset) DO UPDATE SET reason = excluded.reason
        """;

    internal const string Report = """
        UPDATE scoring_shard SET phase = ?3, committed_offset = ?4, end_offset = ?5, watermark = ?6, entities = ?7, entity_bytes = ?8,
            report_time = julianday('now') WHERE partition = ?1 AND epoch = ?2
        """;

    internal const string Shards = """
        SELECT partition, epoch, phase, committed_offset, end_offset, watermark, entities, entity_bytes, owner_id, owner_address, checkpoint_offset,
            julianday('now') - checkpoint_time, julianday('now') - report_time, stored_entities, stored_bytes
        FROM scoring_shard ORDER BY partition
        """;
}
