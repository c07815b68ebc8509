using Akka;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using Scoring.Kafka.Consumers;
using Scoring.Kafka.Producers;

namespace Scoring.Actors.Partitions;

/// <summary>
/// The way of a partition's records, from the log back to the log. Read this first. Its elements are batches: a batch is whatever waited
/// when the graph asked for more, so no timer delays a record. Batches begin in the log's order and end in it; without demand
/// the partition is paused, and nothing is dropped for lack of room.
/// <list type="number">
/// <item>Decode: bytes become transactions, labels and ticks; what is not valid becomes a dead letter (<see cref="BatchReader"/>).</item>
/// <item>Enrich: the owner hands each record to its cardholder, who writes the features into the batch; so all that reaches a
/// cardholder comes from one sender, in one order (<see cref="OwnerActor"/>).</item>
/// <item>Score: the model takes the whole batch (<see cref="Model.ModelActor"/>).</item>
/// <item>Decide: scores, late copies, sessions and dead letters are written down (<see cref="BatchWriter"/>).</item>
/// <item>Emit: they go to the output topics.</item>
/// <item>Commit: once the log has them, the offset behind the batch; with exactly_once 5 and 6 are one transaction.</item>
/// <item>Only then the owner hears of it: nothing leaves in other ways before its commit is acknowledged.</item>
/// </list>
/// What fails is told to the owner, who ends the graph: another take-over begins at the last checkpoint.
/// </summary>
internal sealed class PartitionGraph
{
    private readonly PartitionContext context;
    private readonly int partition;
    private readonly IActorRef owner;
    private readonly BatchReader reader;
    private readonly BatchWriter writer;

    internal PartitionGraph(PartitionContext context, int partition, IActorRef owner)
    {
        this.context = context;
        this.partition = partition;
        this.owner = owner;
        reader = new BatchReader(context, partition, owner);
        writer = new BatchWriter(context, partition, owner);
    }

    /// <summary>Takes a batch back that is committed.</summary>
    internal void Return(TransactionBatch batch) => reader.Return(batch);

    /// <summary>Starts it.</summary>
    /// <param name="materializer">Runs it, as long as its owner lives.</param>
    /// <param name="from">Where the partition is read from, and what was committed of it.</param>
    /// <param name="transactions">The partition's transactional producer; null where outputs and offsets do not go into transactions.</param>
    /// <param name="committed">Is told of each batch once its offset is committed.</param>
    internal RunningGraph Run(IMaterializer materializer, AssignmentWithOffset from, TransactionalProducer? transactions, Action<TransactionBatch> committed)
    {
        var parallel = context.Options.MaxInFlightBatches;
        var ((control, abort), completion) = KafkaConsumer.PlainExternalSource(context.Consumer, from)
            .ViaMaterialized(new AbortSwitch<PartitionBatch>(), Keep.Both)

            // 1. Decode.
            .Select(reader.Read)

            // 2. Enrich.
            .SelectAsync(parallel, Enrich)

            // 3. Score.
            .SelectAsync(parallel, Score)

            // 4. Decide.
            .Select(writer.Write)
            .Where(static message => !message.PassThrough.IsHeldBack)

            // 5. Emit. 6. Commit.
            .Via(transactions is null ? Plain() : Transactional(transactions, from.Committed))

            // 7. Tell.
            .ToMaterialized(Akka.Streams.Dsl.Sink.FromGraph(new LastStep<TransactionBatch>(committed)), Keep.Both)
            .Run(materializer);
        return new RunningGraph(control, abort, completion);
    }

    private Task<TransactionBatch> Enrich(TransactionBatch batch)
    {
        var enriched = batch.Enriched;
        owner.Tell(new BatchRead(batch), ActorRefs.NoSender);
        return enriched;
    }

    private Task<TransactionBatch> Score(TransactionBatch batch)
    {
        if (batch.Scored.Count == 0)
            return Task.FromResult(batch);
        var scored = batch.ScoredTask;
        context.Model.Post(batch);
        return scored;
    }

    private Flow<ProducerMessage<TransactionBatch>, TransactionBatch, NotUsed> Plain() => Flow.Create<ProducerMessage<TransactionBatch>>()
        .Via(KafkaProducer.FlexiFlow<TransactionBatch>(context.Producer))
        .Select(writer.Check)
        .Where(static batch => !batch.IsHeldBack)
        .Via(Committer.Flow<TransactionBatch>(context.Consumer, static batch => batch.Source));

    private Flow<ProducerMessage<TransactionBatch>, TransactionBatch, NotUsed> Transactional(TransactionalProducer transactions, long? committed) =>
        KafkaProducer.TransactionalFlow<TransactionBatch>(
            transactions,
            context.TransactionSettings,
            static batch => batch.Source,
            committed is { } offset ? new TopicPartitionOffset(context.Topics.Transactions, partition, offset) : null)
        .Select(writer.Count);
}

/// <summary>A graph that runs.</summary>
/// <param name="Control">Stops its source and gives the partition back.</param>
/// <param name="Abort">Fails it at once.</param>
/// <param name="Completion">Ends with it.</param>
internal sealed record RunningGraph(IPartitionControl Control, Action<Exception> Abort, Task<Done> Completion);

/// <summary>Tells the owner of a batch that was read, to be handed to its cardholders.</summary>
/// <param name="Batch">The batch.</param>
internal sealed record BatchRead(TransactionBatch Batch) : INoSerializationVerificationNeeded;
