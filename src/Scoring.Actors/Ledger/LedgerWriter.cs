using Microsoft.Data.Sqlite;

namespace Scoring.Actors.Ledger;

/// <summary>The ledger's prepared statements: preparing one costs more than running it.</summary>
internal sealed class LedgerWriter : IDisposable
{
    private readonly SqliteCommand insert;
    private readonly SqliteCommand advance;

    internal LedgerWriter(SqliteConnection connection)
    {
        insert = connection.CreateCommand();
        insert.CommandText = "INSERT OR IGNORE INTO scores (transaction_id, card_id, user_id, event_time, record) VALUES ($id, $card, $user, $time, $record)";
        foreach (var (name, type) in (ReadOnlySpan<(string, SqliteType)>)[("$id", SqliteType.Text), ("$card", SqliteType.Text), ("$user", SqliteType.Text), ("$time", SqliteType.Integer), ("$record", SqliteType.Blob)])
            insert.Parameters.Add(name, type);

        advance = connection.CreateCommand();
        advance.CommandText = "INSERT INTO ledger_offsets (topic, partition, next_offset) VALUES ($topic, $partition, $next) ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset";
        foreach (var (name, type) in (ReadOnlySpan<(string, SqliteType)>)[("$topic", SqliteType.Text), ("$partition", SqliteType.Integer), ("$next", SqliteType.Integer)])
            advance.Parameters.Add(name, type);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        insert.Dispose();
        advance.Dispose();
    }

    internal int Write(SqliteTransaction transaction, IReadOnlyList<LedgerRow> rows, string topic, IReadOnlyDictionary<int, long> nextOffsets)
    {
        insert.Transaction = transaction;
        var added = 0;
        foreach (var row in rows)
        {
            insert.Parameters[0].Value = row.Keys.TransactionId;
            insert.Parameters[1].Value = row.Keys.CardId;
            insert.Parameters[2].Value = row.Keys.UserId;
            insert.Parameters[3].Value = row.Keys.EventTimeMicros;
            insert.Parameters[4].Value = row.Record;
            added += insert.ExecuteNonQuery();
        }

        advance.Transaction = transaction;
        foreach (var (partition, next) in nextOffsets)
        {
            advance.Parameters[0].Value = topic;
            advance.Parameters[1].Value = partition;
            advance.Parameters[2].Value = next;
            advance.ExecuteNonQuery();
        }

        return added;
    }
}
