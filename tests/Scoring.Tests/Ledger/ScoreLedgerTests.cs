using System.Text;
using Scoring.Actors.Ledger;
using Scoring.Models.Wire;

namespace Scoring.Tests.Ledger;

public sealed class ScoreLedgerTests : IDisposable
{
    private const long Day = EventTime.MicrosPerDay;

    private readonly string folder = Directory.CreateTempSubdirectory("scoring-test-").FullName;
    private ScoreLedger ledger;

    public ScoreLedgerTests() => ledger = Open();

    public void Dispose()
    {
        ledger.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Rows_and_their_offset_are_there_after_the_file_was_opened_again()
    {
        Assert.Null(ledger.NextOffset("scores", 0));
        Assert.Equal(2, ledger.Write([Row("t-1", "c-1", 1), Row("t-2", "c-1", 2)], "scores", new Dictionary<int, long> { [0] = 7, [3] = 9 }));
        ledger.Dispose();
        ledger = Open();
        Assert.Equal("t-1", Encoding.UTF8.GetString(ledger.Find("t-1")!));
        Assert.Equal(7, ledger.NextOffset("scores", 0));
        Assert.Equal(9, ledger.NextOffset("scores", 3));
        Assert.Null(ledger.NextOffset("other", 0));
    }

    [Fact]
    public void The_first_score_of_a_transaction_stays()
    {
        ledger.Write([Row("t-1", "c-1", 1, "first")], "scores", new Dictionary<int, long> { [0] = 1 });
        Assert.Equal(0, ledger.Write([Row("t-1", "c-1", 1, "second")], "scores", new Dictionary<int, long> { [0] = 2 }));
        Assert.Equal("first", Encoding.UTF8.GetString(ledger.Find("t-1")!));
        Assert.Equal(2, ledger.NextOffset("scores", 0));
    }

    [Fact]
    public void A_cards_scores_come_newest_event_first_whatever_the_order_of_writing()
    {
        ledger.Write([Row("t-2", "c-1", 2), Row("t-9", "c-2", 9), Row("t-3", "c-1", 3), Row("t-1", "c-1", 1)], "scores", new Dictionary<int, long> { [0] = 4 });
        Assert.Equal(["t-3", "t-2", "t-1"], Ids(ledger.OfCard("c-1", long.MaxValue, 10)));
        Assert.Equal(["t-3", "t-2"], Ids(ledger.OfCard("c-1", long.MaxValue, 2)));
        Assert.Equal(["t-1"], Ids(ledger.OfCard("c-1", 2, 10)));
        Assert.Empty(ledger.OfCard("c-3", long.MaxValue, 10));
    }

    [Fact]
    public void Pruning_removes_what_is_older_than_the_retention_before_the_newest_event()
    {
        ledger.Write([Row("old", "c", 0), Row("edge", "c", Day), Row("new", "c", 2 * Day)], "scores", new Dictionary<int, long> { [0] = 3 });
        Assert.Equal(1, ledger.Prune(TimeSpan.FromDays(1)));
        Assert.Null(ledger.Find("old"));
        Assert.NotNull(ledger.Find("edge"));
        Assert.Equal(0, ledger.Prune(TimeSpan.FromDays(1)));
    }

    [Fact]
    public async Task Readers_see_whole_batches_while_one_writes()
    {
        const int batches = 100;
        var done = 0;
        var reading = Task.Run(() =>
        {
            var seen = 0;
            while (Volatile.Read(ref done) == 0 || seen < batches * 10)
            {
                var rows = ledger.OfCard("c", long.MaxValue, 10_000).Count;
                Assert.Equal(0, rows % 10);
                Assert.True(rows >= seen);
                seen = rows;
            }
        });
        for (var batch = 0; batch < batches; batch++)
            ledger.Write([.. Enumerable.Range(0, 10).Select(i => Row($"{batch}-{i}", "c", (batch * 10) + i))], "scores", new Dictionary<int, long> { [0] = batch });
        Volatile.Write(ref done, 1);
        await reading.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private ScoreLedger Open() => new(new LedgerOptions { Path = Path.Combine(folder, "ledger.db") });

    private static LedgerRow Row(string id, string card, long time, string? record = null) =>
        new(new ScoreKeys(id, card, "u", time), Encoding.UTF8.GetBytes(record ?? id));

    private static IEnumerable<string> Ids(IEnumerable<byte[]> records) => records.Select(Encoding.UTF8.GetString);
}
