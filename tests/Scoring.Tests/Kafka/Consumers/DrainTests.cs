using Akka;
using Akka.Streams.Dsl;
using Scoring.Kafka.Consumers;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Kafka.Consumers;

// Beside the namespaces of these tests that are called so.
using Sink = Akka.Streams.Dsl.Sink;

/// <summary>How a partition is handed over.</summary>
public sealed class DrainTests(StreamFixture streams) : IClassFixture<StreamFixture>, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConsumerRig rig = new(streams);
    private readonly List<TaskCompletionSource<PartitionBatch>> underWay = [];

    public void Dispose() => rig.Dispose();

    [Fact]
    public async Task A_drain_commits_what_is_under_way_and_takes_the_partition_away()
    {
        rig.Log(1).Add(2);
        var (control, done) = Stream(1);
        rig.Turns.Turn("kafka-poll");
        rig.Log(1).Add(3);
        rig.Turns.Turn("kafka-poll");
        var drained = control.DrainAndShutdown(done);
        rig.Log(1).Add(5);
        rig.Turns.Run();
        Assert.False(drained.IsCompleted);
        Assert.Equal("unassign 1", rig.Kafka.Consumer.Calls[^1]);

        Finish();
        await TurnUntilAsync(drained);
        Assert.True(drained.IsCompletedSuccessfully, drained.Exception?.Message);
        Assert.Equal(5, rig.Kafka.Offsets[ConsumerRig.P(1)]);
        Assert.True(control.IsShutdown.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task What_is_not_finished_by_the_deadline_is_left_to_the_next_owner()
    {
        rig.Log(1).Add(2);
        var (control, done) = Stream(1);
        rig.Turns.Turn("kafka-poll");
        var drained = control.DrainAndShutdown(done);
        rig.Turns.Run();
        rig.Time.Advance(rig.Settings.DrainTimeout - TimeSpan.FromMilliseconds(1));
        rig.Turns.Run();
        Assert.False(control.IsShutdown.IsCompleted);
        rig.Time.Advance(TimeSpan.FromMilliseconds(1));
        await TurnUntilAsync(drained);
        Assert.True(control.IsShutdown.IsCompletedSuccessfully);
        var late = await Assert.ThrowsAsync<TimeoutException>(() => drained);
        Assert.Contains("transactions [[1]] was not drained within 00:00:08: 3 batches from 0 on", late.Message, StringComparison.Ordinal);

        Finish();
        await TurnUntilAsync(done);
        Assert.Empty(rig.Kafka.Commits);
        Assert.IsType<AssignmentEndedException>(done.Exception?.GetBaseException());
    }

    [Fact]
    public async Task A_drain_of_a_stream_that_fails_takes_the_partition_away_and_fails_as_it_did()
    {
        rig.Log(1).Add(2);
        var (control, done) = Stream(1);
        rig.Turns.Turn("kafka-poll");
        var drained = control.DrainAndShutdown(done);
        underWay[0].SetException(new InvalidCastException("made to fail"));
        await TurnUntilAsync(drained);
        await Assert.ThrowsAsync<InvalidCastException>(() => drained);
        Assert.True(control.IsShutdown.IsCompletedSuccessfully);
    }

    [Fact]
    public void A_source_that_is_stopped_before_it_was_assigned_ends()
    {
        var (control, batches) = rig.Read(1, 0);
        var stopped = control.Stop();
        batches.Request(1);
        batches.ExpectComplete();
        Assert.True(stopped.IsCompletedSuccessfully);
        rig.Turns.Run();
        Assert.Empty(rig.Kafka.Consumer.Calls);
        _ = control.Shutdown();
        rig.Turns.Run();
        Assert.True(control.IsShutdown.IsCompletedSuccessfully);
    }

    [Fact]
    public void A_stream_that_is_given_up_takes_its_partition_away()
    {
        var (control, batches) = rig.Read(1, 0);
        rig.Turns.Run();
        batches.Cancel();
        rig.Turns.Run();
        Assert.True(control.IsShutdown.IsCompletedSuccessfully);
        Assert.Empty(rig.Kafka.Consumer.Assigned);
    }

    private (IPartitionControl Control, Task<Done> Done) Stream(int partition) => rig.Source(partition, 0)
        .SelectAsync(8, UnderWay)
        .Via(Committer.Flow<PartitionBatch>(rig.Consumer, b => b))
        .ToMaterialized(Sink.Ignore<PartitionBatch>(), Keep.Both)
        .Run(streams.Materializer);

    private Task<PartitionBatch> UnderWay(PartitionBatch batch)
    {
        underWay.Add(new TaskCompletionSource<PartitionBatch>(batch));
        return underWay[^1].Task;
    }

    // What follows a task may be on its way on another thread.
    private async Task TurnUntilAsync(Task task)
    {
        var start = TimeSpan.FromTicks(rig.Time.GetTimestamp());
        var started = TimeProvider.System.GetTimestamp();
        while (!task.IsCompleted && TimeProvider.System.GetElapsedTime(started) < Patience)
        {
            // Well within the drain's deadline, which is of the turned time.
            if (rig.Time.GetTimestamp() < start.Ticks + (rig.Settings.DrainTimeout.Ticks / 2))
                rig.Time.Advance(TimeSpan.FromMilliseconds(1));
            rig.Turns.Run(1);
            await Task.Yield();
        }

        Assert.True(task.IsCompleted, "it never ended");
    }

    private void Finish() => underWay.ForEach(t => t.TrySetResult((PartitionBatch)t.Task.AsyncState!));
}
