using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Pipeline;

namespace Scoring.Tests.Pipeline;

public class ShardReporterTests
{
    [Fact]
    public async Task A_report_that_fails_in_any_way_is_followed_by_the_next()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        await using var fixture = new ShardFixture(state: s => s with { ReportInterval = TimeSpan.FromMilliseconds(1) });
        var third = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Store.Reporting = report =>
        {
            if (report == 1)
                throw new InvalidOperationException("made to fail");
            if (report == 2)
                return Task.FromException(new OperationCanceledException("of something else"));
            third.TrySetResult();
            return Task.CompletedTask;
        };
        var shards = new ShardSet(fixture.Context);
        var shard = (ShardActor)shards.Open(4);
        await using (new ShardReporter(shards, () => [], fixture.Store, fixture.Context, services.GetRequiredService<IMeterFactory>(), NullLogger<ShardReporter>.Instance))
            await third.Task.WaitAsync(TimeSpan.FromSeconds(30));
        shard.Abandon();
        await shard.Completion.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
