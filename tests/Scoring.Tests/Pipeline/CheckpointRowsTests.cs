using Scoring.Actors.Pipeline;

namespace Scoring.Tests.Pipeline;

public sealed class CheckpointRowsTests
{
    [Fact]
    public void Rows_stay_as_they_were_added_whatever_comes_behind_them()
    {
        var rows = new CheckpointRows();
        byte[] key = new byte[8], state = new byte[900];

        // Over several blocks of bytes and of rows; the caller's buffers are used again for each.
        for (var i = 0; i < 5_000; i++)
        {
            BitConverter.TryWriteBytes(key, (long)i);
            Array.Fill(state, (byte)i);
            rows.Add(i % 2 == 0 ? "card" : "user", key, state.AsSpan(0, i % 901), i, i % 3 == 0);
        }

        Assert.Equal(5_000, rows.Count);
        var index = 0;
        foreach (var row in rows)
        {
            Assert.Equal(row, rows[index]);
            Assert.Equal(index % 2 == 0 ? "card" : "user", row.Kind);
            Assert.Equal(index, BitConverter.ToInt64(row.Key.Span));
            Assert.Equal(index % 901, row.State.Length);
            Assert.False(row.State.Span.ContainsAnyExcept((byte)index));
            Assert.Equal((index, index % 3 == 0), (row.NewestMicros, row.Watched));
            index++;
        }

        Assert.Equal(5_000, index);
        rows.Return();
    }

    [Fact]
    public void An_entity_may_be_larger_than_a_block()
    {
        var rows = new CheckpointRows();
        var large = new byte[3_000_000];
        Array.Fill(large, (byte)7);

        rows.Add("user", [1], [2], 0, false);
        rows.Add("user", [3], large, 0, false);
        rows.Add("user", [4], [5], 0, false);

        Assert.True(rows[1].State.Span.SequenceEqual(large));
        Assert.Equal([3], rows[1].Key.ToArray());
        Assert.Equal([4], rows[2].Key.ToArray());
        rows.Return();
    }

    [Fact]
    public void What_is_beyond_the_rows_is_refused_though_the_block_goes_on()
    {
        var rows = new CheckpointRows();
        rows.Add("user", [1], [2], 0, false);

        Assert.Throws<ArgumentOutOfRangeException>(() => rows[1]);
        Assert.Throws<ArgumentOutOfRangeException>(() => rows[-1]);
        rows.Return();
        Assert.Empty(rows);
    }
}
