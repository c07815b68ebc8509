using System.Data.Common;

namespace Scoring.Actors.State;

/// <summary>Reads what both stores keep in the same columns.</summary>
internal static class StoredRows
{
    /// <summary>A shard, from the columns that the statement for all of them selects.</summary>
    /// <param name="row">The row.</param>
    /// <param name="age">Reads a column that says how long ago something was, in the database's own type.</param>
    internal static ShardRow Shard(DbDataReader row, Func<DbDataReader, int, TimeSpan> age)
    {
        var report = new ShardReport
        {
            Partition = row.GetInt32(0),
            Epoch = row.GetInt64(1),
            Phase = row.GetString(2),
            CommittedOffset = row.LongAt(3),
            EndOffset = row.LongAt(4),
            WatermarkMicros = row.LongAt(5),
            Entities = row.GetInt64(6),
            EntityBytes = row.GetInt64(7),
        };
        var owner = new ShardOwner(row.GetString(8), row.IsDBNull(9) ? null : new Uri(row.GetString(9)));
        return new ShardRow(report, owner, row.LongAt(10), Age(11), Age(12), row.GetInt64(13), row.GetInt64(14));

        TimeSpan? Age(int column) => row.IsDBNull(column) ? null : age(row, column);
    }

    /// <summary>A number, or null.</summary>
    internal static long? LongAt(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    /// <summary>Bytes; none for null.</summary>
    internal static byte[] BytesAt(this DbDataReader row, int column) => row.IsDBNull(column) ? [] : row.GetFieldValue<byte[]>(column);
}
