using Scoring.Kafka.Clients;
using Scoring.Kafka.Producers;

namespace Scoring.Tests.Kafka.Producers;

/// <summary>Which calls are possible in which state, and where each outcome leads.</summary>
public sealed class TransactionStatesTests
{
    [Theory]
    [InlineData(TransactionState.New, "Init")]
    [InlineData(TransactionState.Ready, "Begin")]
    [InlineData(TransactionState.Open, "SendOffsets, Commit, Abort")]
    [InlineData(TransactionState.Committing, "Commit")]
    [InlineData(TransactionState.MustAbort, "Abort")]
    [InlineData(TransactionState.Fenced, "")]
    [InlineData(TransactionState.Failed, "")]
    public void A_state_takes_its_calls_and_no_other(TransactionState state, string calls) =>
        Assert.Equal(calls, string.Join(", ", Enum.GetValues<TransactionCall>().Where(c => state.Allows(c))));

    [Theory]
    [InlineData(TransactionState.New, "Init", TransactionState.Ready)]
    [InlineData(TransactionState.Ready, "Begin", TransactionState.Open)]
    [InlineData(TransactionState.Open, "SendOffsets", TransactionState.Open)]
    [InlineData(TransactionState.Open, "Commit", TransactionState.Ready)]
    [InlineData(TransactionState.Committing, "Commit", TransactionState.Ready)]
    [InlineData(TransactionState.Open, "Abort", TransactionState.Ready)]
    [InlineData(TransactionState.MustAbort, "Abort", TransactionState.Ready)]
    public void A_call_that_succeeds_leads_on(TransactionState state, string call, TransactionState after) =>
        Assert.Equal(after, state.After(Enum.Parse<TransactionCall>(call), null));

    [Fact]
    public void A_call_that_may_be_made_again_changes_nothing_but_that_a_commit_has_begun()
    {
        foreach (var (state, call) in Possible())
            Assert.Equal(call == TransactionCall.Commit ? TransactionState.Committing : state, state.After(call, FailureClass.Retriable));
    }

    [Fact]
    public void A_lost_transaction_has_to_be_aborted_and_what_is_fenced_or_fatal_takes_no_call_any_more()
    {
        foreach (var (state, call) in Possible())
        {
            Assert.Equal(state is TransactionState.New or TransactionState.Ready ? TransactionState.Failed : TransactionState.MustAbort, state.After(call, FailureClass.Abortable));
            Assert.Equal(TransactionState.Fenced, state.After(call, FailureClass.Fenced));
            Assert.Equal(TransactionState.Failed, state.After(call, FailureClass.Fatal));
        }
    }

    private static IEnumerable<(TransactionState State, TransactionCall Call)> Possible() =>
        from state in Enum.GetValues<TransactionState>()
        from call in Enum.GetValues<TransactionCall>()
        where state.Allows(call)
        select (state, call);
}
