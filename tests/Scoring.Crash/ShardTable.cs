using Npgsql;

namespace Scoring.Crash;

/// <summary>How a shard stands in the store.</summary>
/// <param name="Partition">Its partition.</param>
/// <param name="Fence">Its fence: each owner's is one higher.</param>
/// <param name="Owner">Its owner's name.</param>
/// <param name="Checkpoint">Its newest manifest's offset; null before the first.</param>
internal readonly record struct StoredShard(int Partition, long Fence, string Owner, long? Checkpoint);

/// <summary>Looks at the shards in the store, as an operator would.</summary>
internal sealed class ShardTable(string connectionString, string topic) : IAsyncDisposable
{
    private readonly NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);

    public async Task<IReadOnlyList<StoredShard>> ReadAsync()
    {
        // A manifest's number is its offset.
        await using var command = source.CreateCommand("""
            SELECT partition, counter, node, (SELECT max(sequence_number) FROM snapshot WHERE persistence_id = 'm/' || partition)
            FROM scoring_fence WHERE topic = $1 ORDER BY partition
            """);
        command.Parameters.AddWithValue(topic);
        await using var rows = await command.ExecuteReaderAsync();
        var shards = new List<StoredShard>();
        while (await rows.ReadAsync())
            shards.Add(new StoredShard(rows.GetInt32(0), rows.GetInt64(1), rows.GetString(2), await rows.IsDBNullAsync(3) ? null : rows.GetInt64(3)));
        return shards;
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();
}
