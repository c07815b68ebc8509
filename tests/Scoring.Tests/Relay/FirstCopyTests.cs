using Scoring.Actors.Log;
using Scoring.Actors.Relay;

namespace Scoring.Tests.Relay;

public sealed class FirstCopyTests : IDisposable
{
    private readonly AutoResetEvent settled = new(false);
    private readonly FirstCopy first = new();

    public void Dispose() => settled.Dispose();

    [Fact]
    public void Nothing_goes_behind_it_before_it_is_acknowledged()
    {
        Assert.False(first.IsUnderWay);
        var copy = Add();
        Assert.True(first.IsUnderWay);
        copy.Appended();
        Assert.False(first.IsUnderWay);
        first.ThrowIfFailed();
    }

    // No partition tells of it any more, and the relay would wait for its acknowledgement for ever.
    [Fact]
    public void It_ends_the_session_when_it_fails_though_its_partition_has_left()
    {
        Add().Failed(AppendFailure.Broken, "the topic is not there");
        var failure = Assert.Throws<RelayException>(first.ThrowIfFailed);
        Assert.Contains("the topic is not there", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_comes_after_it_is_its_partitions_to_tell_of()
    {
        Add().Appended();
        Add().Failed(AppendFailure.Broken, "later");
        Assert.False(first.IsUnderWay);
        first.ThrowIfFailed();
    }

    private RelayedRecord Add()
    {
        var copy = new RelayedRecord(8, 1, settled);
        first.Add(copy);
        return copy;
    }
}
