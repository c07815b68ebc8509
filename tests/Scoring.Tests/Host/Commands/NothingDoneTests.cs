using Scoring.Host.Commands;

namespace Scoring.Tests.Host.Commands;

public class NothingDoneTests
{
    [Fact]
    public void One_transaction_is_something() => Assert.Null(NothingDone.Hint("replay", 1_000, 1, "a.csv", "a.yaml"));

    [Fact]
    public void Rows_of_which_none_is_a_transaction_ask_for_their_map() => Assert.Equal(
        "replay: nothing was done: none of the 1,000 rows of a.csv is a transaction; is b.yaml the map of this file?",
        NothingDone.Hint("replay", 1_000, 0, "a.csv", "b.yaml"));

    [Fact]
    public void A_file_without_rows_is_told_as_one() => Assert.Equal("bootstrap: nothing was done: a.csv has no rows", NothingDone.Hint("bootstrap", 0, 0, "a.csv", "b.yaml"));

    [Fact]
    public void A_simulation_that_was_too_short_is_told_as_one() => Assert.StartsWith("demo: nothing was done: the run had no transaction", NothingDone.Hint("demo", 0, 0, null, null), StringComparison.Ordinal);
}
