using Npgsql;

namespace Scoring.Crash;

/// <summary>How a shard stands in the store.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Epoch">Its epoch: each owner's is one higher.</param>
/// <param name="Owner">Its owner's name.</param>
/// <param name="Checkpoint">Its checkpoint's offset; null before the first.</param>
internal readonly record struct StoredShard(int Partition, long Epoch, string Owner, long? Checkpoint);

/// <summary>Looks at the shards in the store, as an operator would.</summary>
internal sealed class ShardTable(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);

    public async Task<IReadOnlyList<StoredShard>> ReadAsync()
    {
        await using var command = source.CreateCommand("SELECT partition, epoch, owner_id, checkpoint_offset FROM scoring_shard ORDER BY partition");
        await using var rows = await command.ExecuteReaderAsync();
        var shards = new List<StoredShard>();
        while (await rows.ReadAsync())
            shards.Add(new StoredShard(rows.GetInt32(0), rows.GetInt64(1), rows.GetString(2), await rows.IsDBNullAsync(3) ? null : rows.GetInt64(3)));
        return shards;
    }

    /// <summary>How many records are set aside because they made an entity fail.</summary>
    public async Task<long> QuarantinedAsync()
    {
        await using var command = source.CreateCommand("SELECT count(*) FROM scoring_quarantine");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
