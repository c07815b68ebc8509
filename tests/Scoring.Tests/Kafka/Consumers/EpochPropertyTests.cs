using Akka.Streams.Dsl;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Settings;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Kafka.Consumers;

// Beside the namespaces of these tests that are called so.
using Sink = Akka.Streams.Dsl.Sink;

/// <summary>
/// Streams come and go at random on a few partitions, while records arrive, some of them late from an earlier assignment, and
/// the loops have their turns in any order.
/// </summary>
public sealed class EpochPropertyTests(StreamFixture streams) : IClassFixture<StreamFixture>
{
    private const int Partitions = 3;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 30)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Each_stream_sees_its_own_stretch_whole_and_commits_no_more(int seed)
    {
        var random = new Random(seed);
        using var rig = new ConsumerRig(streams, new ConsumerSettings
        {
            BootstrapServers = "none:1",
            GroupId = "group",
            BufferBytes = 1_024,
            MaxBatchBytes = 512,
            MaxBatchRecords = 1 + random.Next(8),
            PollRecords = 1 + random.Next(20),
        });
        var epochs = new List<Seen>();
        for (var step = 0; step < 300; step++)
        {
            Step(rig, random, epochs);
            foreach (var epoch in epochs)
                epoch.Check(rig, $"seed {seed}, step {step}");
        }

        // Whoever is left gets everything, and it is committed.
        for (var round = 0; round < 400; round++)
        {
            epochs.ForEach(e => e.Release());
            rig.Time.Advance(rig.Settings.CommitInterval);
            rig.Turns.Run(2);
        }

        foreach (var last in epochs.Where(e => e.IsLive && e == epochs.Last(o => o.Partition == e.Partition)))
        {
            last.Check(rig, $"seed {seed}, end");
            Assert.True(last.Next == rig.Log(last.Partition).High, $"seed {seed}: partition {last.Partition} was read to {last.Next} of {rig.Log(last.Partition).High}");
            Assert.True(rig.Kafka.Offsets.GetValueOrDefault(ConsumerRig.P(last.Partition)) >= last.Next || last.Next == last.Start, $"seed {seed}: {last.Partition}");
        }
    }

    private void Step(ConsumerRig rig, Random random, List<Seen> epochs)
    {
        var partition = random.Next(Partitions);
        switch (random.Next(12))
        {
            case 0:
                epochs.Add(Begin(rig, partition, random.NextInt64(rig.Log(partition).High + 1)));
                break;
            case 1 when epochs.Count > 0:
                epochs[random.Next(epochs.Count)].End();
                break;
            case 2:
                rig.Log(partition).Add(random.Next(20), bytes: 1 + random.Next(200));
                break;
            case 3:
                rig.Log(partition).AddInvisible(random.Next(4));
                break;
            case 4:
                // Of an earlier assignment, or of this one before it: the client's barrier keeps others from coming out.
                rig.Kafka.Consumer.Again = (ConsumerRig.P(partition), random);
                break;
            case 5 or 6 when epochs.Count > 0:
                epochs[random.Next(epochs.Count)].Release();
                break;
            case 7:
                rig.Time.Advance(rig.Settings.CommitInterval / 2);
                break;
            default:
                rig.Turns.TurnAny(random);
                break;
        }
    }

    private Seen Begin(ConsumerRig rig, int partition, long start)
    {
        var seen = new Seen(partition, start);
        (seen.Control, seen.Done) = rig.Source(partition, start)
            .Select(seen.Take)
            .SelectAsync(3, seen.Hold)
            .Via(Committer.Flow<PartitionBatch>(rig.Consumer, b => b))
            .ToMaterialized(Sink.Ignore<PartitionBatch>(), Keep.Both)
            .Run(streams.Materializer);
        return seen;
    }

    private sealed class Seen(int partition, long start)
    {
        private readonly List<PartitionBatch> batches = [];
        private readonly Queue<(PartitionBatch Batch, TaskCompletionSource<PartitionBatch> Gate)> held = [];
        private long? released;
        private bool isEnded;
        private int atEnd;

        public int Partition => partition;

        public long Start => start;

        public long Next => batches.Count == 0 ? start : batches[^1].Next;

        public IPartitionControl Control { get; set; } = null!;

        public Task Done { get; set; } = Task.CompletedTask;

        public bool IsLive => !isEnded && !Done.IsCompleted;

        public PartitionBatch Take(PartitionBatch batch)
        {
            batches.Add(batch);
            return batch;
        }

        public Task<PartitionBatch> Hold(PartitionBatch batch)
        {
            held.Enqueue((batch, new TaskCompletionSource<PartitionBatch>()));
            return held.Last().Gate.Task;
        }

        public void Release()
        {
            while (held.TryDequeue(out var first))
            {
                released = first.Batch.Next;
                first.Gate.TrySetResult(first.Batch);
            }
        }

        public void End()
        {
            isEnded = true;
            _ = Control.Shutdown();
        }

        public void Check(ConsumerRig rig, string where)
        {
            if (Control.IsShutdown.IsCompleted)
            {
                atEnd = atEnd == 0 ? batches.Count : atEnd;
                Assert.True(batches.Count == atEnd, $"{where}: a batch of epoch {Control.State.Epoch} came after it had been taken away");
            }

            var next = start;
            var log = rig.Log(partition);
            foreach (var batch in batches)
            {
                Assert.True(batch.From == next && batch.Epoch == Control.State.Epoch, $"{where}: a batch begins at {batch.From} and not at {next}");
                var visible = log.Visible.Where(o => o >= batch.From && o < batch.Next);
                Assert.True(visible.SequenceEqual(batch.Records.Select(r => r.Offset)), $"{where}: a batch from {batch.From} to {batch.Next} holds {string.Join(", ", batch.Records.Select(r => r.Offset))}");
                next = batch.Next;
            }

            Assert.True((Control.State.Committed ?? start) <= (released ?? start), $"{where}: {Control.State.Committed} was committed, and {released} was done");
        }
    }
}
