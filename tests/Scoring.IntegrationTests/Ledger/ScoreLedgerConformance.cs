using System.Text;
using Scoring.Actors.Ledger;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests.Ledger;

/// <summary>What every ledger promises.</summary>
public abstract class ScoreLedgerConformance : IAsyncLifetime
{
    private const long Day = EventTime.MicrosPerDay;

    private IScoreLedger ledger = null!;

    public async Task InitializeAsync()
    {
        await CreateDatabaseAsync();
        ledger = Open();
        Assert.Null(ledger.NextOffset("scores", 0));
    }

    public virtual Task DisposeAsync()
    {
        ledger.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Rows_and_their_offset_are_there_after_the_ledger_was_opened_again()
    {
        Assert.Equal(2, ledger.Write([Row("t-1", "c-1", 1), Row("t-2", "c-1", 2)], "scores", [new(0, null, 7), new(3, null, 9)]));
        ledger.Dispose();
        ledger = Open();
        Assert.Equal("t-1", await FindAsync("t-1"));
        Assert.Equal(7, ledger.NextOffset("scores", 0));
        Assert.Equal(9, ledger.NextOffset("scores", 3));
        Assert.Null(ledger.NextOffset("other", 0));
    }

    [Fact]
    public async Task The_first_score_of_a_transaction_stays()
    {
        ledger.Write([Row("t-1", "c-1", 1, "first")], "scores", [new(0, null, 1)]);
        Assert.Equal(0, ledger.Write([Row("t-1", "c-1", 1, "second")], "scores", [new(0, 1, 2)]));
        Assert.Equal("first", await FindAsync("t-1"));
        Assert.Equal(1, ledger.Write([Row("t-2", "c-1", 1, "first"), Row("t-2", "c-1", 1, "second")], "scores", [new(0, 2, 4)]));
        Assert.Equal("first", await FindAsync("t-2"));
        Assert.Equal(4, ledger.NextOffset("scores", 0));
    }

    [Fact]
    public async Task A_writer_that_another_has_overtaken_writes_nothing()
    {
        ledger.Write([], "scores", [new(0, null, 5), new(1, null, 5)]);
        Assert.Null(ledger.Write([Row("t-1", "c", 1)], "scores", [new(0, 5, 9), new(1, 4, 9)]));
        Assert.Null(ledger.Write([Row("t-1", "c", 1)], "scores", [new(0, null, 9)]));
        Assert.Null(ledger.Write([Row("t-1", "c", 1)], "scores", [new(2, 5, 9)]));
        Assert.Empty(await SearchAsync(new("t-1")));
        Assert.Equal((5L, 5L, null), (ledger.NextOffset("scores", 0), ledger.NextOffset("scores", 1), ledger.NextOffset("scores", 2)));
    }

    [Fact]
    public async Task A_cards_scores_come_newest_event_first_whatever_the_order_of_writing()
    {
        ledger.Write([Row("t-2", "c-1", 2), Row("t-9", "c-2", 9), Row("t-3", "c-1", 3), Row("t-1", "c-1", 1)], "scores", [new(0, null, 4)]);
        Assert.Equal(["t-3", "t-2", "t-1"], await OfCardAsync("c-1", long.MaxValue, 10));
        Assert.Equal(["t-3", "t-2"], await OfCardAsync("c-1", long.MaxValue, 2));
        Assert.Equal(["t-1"], await OfCardAsync("c-1", 2, 10));
        Assert.Empty(await OfCardAsync("c-3", long.MaxValue, 10));
    }

    [Fact]
    public async Task A_transaction_is_its_user_card_and_id_together()
    {
        LedgerRow[] rows =
        [
            Row("000123", "c-1", 1, "c1u1", "u-1"), Row("000123", "c-2", 2, "c2u1", "u-1"), Row("000123", "c-1", 3, "c1u2", "u-2"), Row("000124", "c-1", 4, "other", "u-1"),
        ];
        Assert.Equal(4, ledger.Write(rows, "scores", [new(0, null, 4)]));
        Assert.Equal(0, ledger.Write([Row("000123", "c-1", 9, "again", "u-1")], "scores", [new(0, 4, 5)]));

        Assert.Equal(["c1u1", "c1u2", "c2u1"], await SearchAsync(new("000123")));
        Assert.Equal(["c1u1", "c1u2"], await SearchAsync(new("000123", "c-1")));
        Assert.Equal(["c1u1", "c2u1"], await SearchAsync(new("000123", UserId: "u-1")));
        Assert.Equal(["c1u2"], await SearchAsync(new("000123", "c-1", "u-2")));
        Assert.Empty(await SearchAsync(new("000123", "c-2", "u-2")));
        Assert.Empty(await SearchAsync(new("00012")));
        Assert.Equal(["other", "c1u2", "c1u1"], await OfCardAsync("c-1", long.MaxValue, 10));
    }

    [Fact]
    public async Task The_scores_of_an_id_go_on_behind_any_of_them()
    {
        var rows = (from card in Enumerable.Range(0, 4) from user in Enumerable.Range(0, 3) select Row("t", $"c-{card}", 1, $"{card}{user}", $"u-{user}")).ToList();
        ledger.Write(rows, "scores", [new(0, null, rows.Count)]);
        var all = rows.Select(r => Encoding.UTF8.GetString(r.Record)).Order(StringComparer.Ordinal).ToList();
        for (var i = 0; i < rows.Count; i++)
        {
            var after = new IdPosition($"c-{i / 3}", $"u-{i % 3}");
            Assert.Equal(all.Skip(i + 1).Take(5), await SearchAsync(new("t"), after, 5));
            Assert.Equal(all.Skip(i + 1).Where(r => r[0] == all[i][0]), await SearchAsync(new("t", after.CardId), after, 5));
            Assert.Equal(all.Skip(i + 1).Where(r => r[1] == '1'), await SearchAsync(new("t", UserId: "u-1"), after, 5));
            Assert.Empty(await SearchAsync(new("t", after.CardId, after.UserId), after, 5));
        }
    }

    [Fact]
    public async Task A_cards_scores_go_on_behind_any_of_them_though_all_are_of_one_time()
    {
        var rows = (from id in Enumerable.Range(0, 4) from user in Enumerable.Range(0, 3) select Row($"t-{id}", "c", 7, $"{id}{user}", $"u-{user}")).ToList();
        ledger.Write([.. rows, Row("newer", "c", 8), Row("older", "c", 6), Row("t-9", "d", 7)], "scores", [new(0, null, 1)]);
        List<string> all = ["newer", .. rows.Select(r => Encoding.UTF8.GetString(r.Record)).OrderDescending(StringComparer.Ordinal), "older"];
        List<CardPosition> places = [new(8, "newer", "u"), .. rows.Select(r => new CardPosition(7, r.Keys.TransactionId, r.Keys.UserId)).Reverse(), new(6, "older", "u")];
        for (var i = 0; i < all.Count; i++)
            Assert.Equal(all.Skip(i + 1).Take(4), (await ledger.OfCardAsync("c", places[i], 4, default)).Select(Encoding.UTF8.GetString));
        Assert.Equal(["older"], await OfCardAsync("c", 7, 4));
    }

    [Fact]
    public async Task The_users_of_a_card_are_told_once_each()
    {
        LedgerRow[] rows = [Row("t-1", "c", 1, user: "b"), Row("t-2", "c", 2, user: "a"), Row("t-3", "c", 3, user: "b"), Row("t-4", "d", 3, user: "e")];
        ledger.Write(rows, "scores", [new(0, null, 4)]);
        Assert.Equal(["a", "b"], await ledger.UsersOfCardAsync("c", 10, default));
        Assert.Equal(["a"], await ledger.UsersOfCardAsync("c", 1, default));
    }

    [Fact]
    public async Task An_id_of_any_characters_is_kept()
    {
        foreach (var id in new[] { "a\0b", "\u00e9\U0001F600", "'\\\"" })
        {
            var position = ledger.NextOffset("scores", 0);
            ledger.Write([Row(id, id, 1, user: id)], "scores", [new(0, position, (position ?? 0) + 1)]);
            Assert.Equal(id, await FindAsync(id));
            Assert.Equal([id], await ledger.UsersOfCardAsync(id, 2, default));
        }
    }

    [Fact]
    public async Task Pruning_removes_what_was_written_before_a_time_whatever_the_times_of_the_events()
    {
        LedgerRow[] rows = [Row("old", "c", EventTime.MaxMicros) with { WrittenMicros = 1 }, Row("edge", "c", 0) with { WrittenMicros = 2 }, Row("new", "c", Day) with { WrittenMicros = 3 }];
        ledger.Write(rows, "scores", [new(0, null, 3)]);
        Assert.Equal(1, ledger.Prune(2));
        Assert.Empty(await SearchAsync(new("old")));
        Assert.Single(await SearchAsync(new("edge")));
        Assert.Equal(0, ledger.Prune(2));

        // A repeat of what is there does not make it younger.
        ledger.Write([rows[1] with { WrittenMicros = 9 }], "scores", [new(0, 3, 4)]);
        Assert.Equal(1, ledger.Prune(3));
    }

    [Fact]
    public async Task Readers_see_whole_batches_while_one_writes()
    {
        const int batches = 100;
        var done = 0;
        var reading = Task.Run(async () =>
        {
            var seen = 0;
            while (Volatile.Read(ref done) == 0 || seen < batches * 10)
            {
                var rows = (await ledger.OfCardAsync("c", CardPosition.Start, 10_000, default)).Count;
                Assert.Equal(0, rows % 10);
                Assert.True(rows >= seen);
                seen = rows;
            }
        });
        for (var batch = 0; batch < batches; batch++)
            ledger.Write([.. Enumerable.Range(0, 10).Select(i => Row($"{batch}-{i}", "c", (batch * 10) + i))], "scores", [new(0, batch == 0 ? null : batch, batch + 1)]);
        Volatile.Write(ref done, 1);
        await reading.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Makes a new database, which the ledgers opened from then on use.</summary>
    protected abstract Task CreateDatabaseAsync();

    /// <summary>Opens a ledger as another process would.</summary>
    protected abstract IScoreLedger Open();

    private static LedgerRow Row(string id, string card, long time, string? record = null, string user = "u") =>
        new(new ScoreKeys(id, card, user, time, null), Encoding.UTF8.GetBytes(record ?? id), 0);

    private async Task<string> FindAsync(string id) => Assert.Single(await SearchAsync(new(id)));

    private async Task<IEnumerable<string>> SearchAsync(ScoreSearch search, IdPosition? after = null, int limit = 10) =>
        (await ledger.FindAsync(search, after ?? IdPosition.Start, limit, default)).Select(Encoding.UTF8.GetString);

    private async Task<IEnumerable<string>> OfCardAsync(string card, long before, int limit) =>
        (await ledger.OfCardAsync(card, CardPosition.Before(before), limit, default)).Select(Encoding.UTF8.GetString);
}
