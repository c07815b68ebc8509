using System.Collections;
using System.Text;
using Scoring.Actors.State;

namespace Scoring.IntegrationTests.State;

/// <summary>Short forms for what the stores' tests write and read.</summary>
internal static class StoreRows
{
    public static readonly LogIdentity Log = new("transactions", "", 4, "scoring");

    public static readonly ShardOwner Owner = new("node-1", new Uri("http://node-1:8080/"));

    public static EntityWrite Card(string key, string state, long newest = 0, bool watched = false) =>
        new("card", Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(state), newest, watched);

    public static Checkpoint Checkpoint(int partition, long epoch, long offset, params IReadOnlyList<EntityWrite> entities) => new()
    {
        Partition = partition,
        Epoch = epoch,
        Offset = offset,
        Marks = Encoding.UTF8.GetBytes($"marks {offset}"),
        Entities = entities,
    };

    public static async Task<IReadOnlyList<string>> StatesAsync(this ISnapshotStore store, int partition, params string[] keys)
    {
        var rows = await store.LoadAsync(partition, [.. keys.Select(k => new EntityKey("card", Encoding.UTF8.GetBytes(k)))], default);
        return [.. rows.Rows.Select(Text).Order(StringComparer.Ordinal)];
    }

    public static string Text(EntityRow row)
    {
        var previous = row.PreviousOffset is { } offset ? $", before {offset}: {Text(row.PreviousState)}" : "";
        return $"{Text(row.Key)} at {row.Offset}: {Text(row.State)}{previous}";
    }

    public static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    /// <summary>Entities of which one, when it is first read, makes the write stop, to see what is left of it.</summary>
    public sealed class Interrupted(int count, int at, Action interrupt) : IReadOnlyList<EntityWrite>
    {
        private bool interrupted;

        public int Count => count;

        public EntityWrite this[int index]
        {
            get
            {
                if (index == at && !interrupted)
                {
                    interrupted = true;
                    interrupt();
                }

                return Card($"k{index}", $"new {index}");
            }
        }

        public IEnumerator<EntityWrite> GetEnumerator() => Enumerable.Range(0, count).Select(i => this[i]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
