using Scoring.Servers;

namespace Scoring.IntegrationTests;

public sealed class ScoringProcessTests
{
    [Fact]
    public async Task Whether_a_process_has_ended_may_be_asked_after_it_was_given_back()
    {
        var process = ScoringProcess.Start(["serve", "--Scoring:Nonsense=1"]);
        Assert.NotEqual(0, await process.ExitAsync(TimeSpan.FromMinutes(1)));

        await process.DisposeAsync();

        Assert.True(process.HasExited);
    }
}
