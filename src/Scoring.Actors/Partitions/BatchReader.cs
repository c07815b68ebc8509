using System.Collections.Concurrent;
using Akka.Actor;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Source;
using Scoring.Kafka.Consumers;
using Scoring.Models.Wire;

namespace Scoring.Actors.Partitions;

/// <summary>The graph's first step: decodes the records of a batch, and says what the moment refuses. Owned by its stream, but for <see cref="Return"/>.</summary>
internal sealed class BatchReader
{
    private readonly ConcurrentQueue<TransactionBatch> idle = new();
    private readonly RecordDecoder decoder;
    private readonly RecordReader records;
    private readonly TimeProvider time;
    private readonly IActorRef owner;
    private readonly int featureCount;

    internal BatchReader(PartitionContext context, int partition, IActorRef owner)
    {
        this.owner = owner;
        time = context.Time;
        featureCount = context.Features.Set.FeatureNames.Count;
        decoder = new RecordDecoder(context.Limits, new LogPlace(partition, context.Partitions), context.Probe);
        records = new RecordReader(context.Time);
    }

    internal TransactionBatch Read(PartitionBatch source)
    {
        if (!idle.TryDequeue(out var batch))
            batch = new TransactionBatch(owner, featureCount);
        var rows = batch.Begin(source);
        var now = EventTime.Of(time.GetUtcNow());
        for (var i = 0; i < rows.Length; i++)
        {
            decoder.Decode(records.Read(source.Records[i]), out rows[i].Decoded);
            if (decoder.Judge(rows[i].Decoded, now) is { } verdict)
                batch.Refused.Add((i, verdict));
        }

        return batch;
    }

    /// <summary>Takes a batch back. Any thread.</summary>
    internal void Return(TransactionBatch batch)
    {
        batch.Reset();
        idle.Enqueue(batch);
    }
}
