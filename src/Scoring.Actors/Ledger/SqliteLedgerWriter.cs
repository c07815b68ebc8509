using Microsoft.Data.Sqlite;
using Scoring.Actors.Sql;

namespace Scoring.Actors.Ledger;

/// <summary>The ledger's prepared statements: preparing one costs more than running it.</summary>
internal sealed class SqliteLedgerWriter : IDisposable
{
    private readonly SqliteCommand insert;
    private readonly SqliteCommand begin;
    private readonly SqliteCommand advance;

    internal SqliteLedgerWriter(SqliteConnection connection)
    {
        insert = connection.Statement(
            "INSERT OR IGNORE INTO scores (transaction_id, card_id, user_id, event_time, record, written) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", null, null, null, null, null, null);
        begin = connection.Statement(
            "INSERT INTO ledger_offsets (topic, partition, next_offset) VALUES (?1, ?2, ?3) ON CONFLICT (topic, partition) DO NOTHING", null, null, null);
        advance = connection.Statement(
            "UPDATE ledger_offsets SET next_offset = ?3 WHERE topic = ?1 AND partition = ?2 AND next_offset = ?4", null, null, null, null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        insert.Dispose();
        begin.Dispose();
        advance.Dispose();
    }

    internal bool Advance(SqliteTransaction transaction, string topic, IReadOnlyList<LedgerStep> steps)
    {
        foreach (var step in steps)
        {
            var command = step.From is null ? begin : advance;
            command.Transaction = transaction;
            command.Parameters[0].Value = topic;
            command.Parameters[1].Value = step.Partition;
            command.Parameters[2].Value = step.Next;
            if (step.From is { } from)
                command.Parameters[3].Value = from;
            if (command.ExecuteNonQuery() == 0)
                return false;
        }

        return true;
    }

    internal int Insert(SqliteTransaction transaction, IReadOnlyList<LedgerRow> rows)
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
            insert.Parameters[5].Value = row.WrittenMicros;
            added += insert.ExecuteNonQuery();
        }

        return added;
    }
}
