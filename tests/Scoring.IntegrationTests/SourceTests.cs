using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Log;
using Scoring.Actors.Source;

namespace Scoring.IntegrationTests;

public class SourceTests
{
    [Fact]
    public async Task A_shard_that_fails_while_its_partition_is_given_up_is_reported()
    {
        using var broker = new TestBroker(partitions: 1);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var options = new SourceOptions { BootstrapServers = broker.BootstrapServers, GroupId = broker.Group, SessionTimeout = TimeSpan.FromSeconds(6), HeartbeatInterval = TimeSpan.FromMilliseconds(500) };
        var source = new KafkaSource(options, broker.Prefix + "transactions", 16, "node", new FailingShards(), null, TimeProvider.System, services.GetRequiredService<IMeterFactory>(), NullLoggerFactory.Instance);
        source.Start();
        await source.Joined.WaitAsync(TimeSpan.FromSeconds(30));
        await source.DisposeAsync();
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => source.Completion);
        Assert.Equal("made to fail", error.Message);
    }

    /// <summary>Shards that fail when they are asked to stop.</summary>
    private sealed class FailingShards : IShardSet
    {
        public IShard Open(int partition) => new FailingShard();

        public void Closed(int partition)
        {
        }
    }

    private sealed class FailingShard : IShard
    {
        private readonly TaskCompletionSource completion = new();

        public int Waiting => 0;

        public long? CommittableOffset => null;

        public bool AwaitsBegin => false;

        public Task Drained => Task.CompletedTask;

        public Task Completion => completion.Task;

        public void Begin(long? committed, long firstStart)
        {
        }

        public void Committed(long offset)
        {
        }

        public void Finish()
        {
        }

        public void Enqueue(in InputRecord record)
        {
        }

        public void Abandon() => RequestStop();

        public void RequestStop() => completion.TrySetException(new InvalidDataException("made to fail"));
    }
}
