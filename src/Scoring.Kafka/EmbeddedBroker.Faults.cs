using Confluent.Kafka;

namespace Scoring.Kafka;

/// <summary>What can be made to go wrong with the broker, so that tests see what the real clients do then.</summary>
public sealed partial class EmbeddedBroker
{
    /// <summary>A request of Kafka's protocol, by its number there.</summary>
    internal enum Request : short
    {
        /// <summary>Appends records.</summary>
        Produce = 0,

        /// <summary>Commits offsets of a group.</summary>
        OffsetCommit = 8,

        /// <summary>Gets a producer's id, and with it the transactional id.</summary>
        InitProducerId = 22,

        /// <summary>Announces a partition in a transaction.</summary>
        AddPartitionsToTransaction = 24,

        /// <summary>Announces a group's offsets in a transaction.</summary>
        AddOffsetsToTransaction = 25,

        /// <summary>Ends a transaction.</summary>
        EndTransaction = 26,
    }

    /// <summary>Ends all connections, and takes no new ones until <see cref="SetUp"/>.</summary>
    internal void SetDown() => Carry(() => Native.BrokerSetDown(cluster, Broker), "to go down");

    /// <summary>Takes connections again.</summary>
    internal void SetUp() => Carry(() => Native.BrokerSetUp(cluster, Broker), "to come up");

    /// <summary>Answers the next requests of a kind with errors, one each.</summary>
    /// <param name="request">The kind.</param>
    /// <param name="errors">The errors; <see cref="ErrorCode.Local_Transport"/> ends the connection instead.</param>
    internal void FailNext(Request request, params ErrorCode[] errors) => Carry(
        () =>
        {
            Native.PushRequestErrors(cluster, (short)request, (nuint)errors.Length, Array.ConvertAll(errors, static e => (int)e));
            return 0;
        },
        $"to fail {request}");

    /// <summary>Forgets the records of a partition before an offset.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">The oldest offset to keep.</param>
    internal void Trim(string topic, int partition, long offset) => Carry(() => Native.DeleteRecords(cluster, topic, partition, offset), $"to forget {topic} [{partition}] before {offset}");

    private void Carry(Func<int> call, string what)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(cluster == nint.Zero, this);
            if (call() is var code and not 0)
                throw new InvalidOperationException($"The embedded broker refused {what}: {((ErrorCode)code).GetReason()}");
        }
    }
}
