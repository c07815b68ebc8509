using System.Diagnostics;
using Confluent.Kafka;

namespace Scoring.Kafka;

/// <summary>Leaves a consumer group in a way that the client's close can't wait for itself.</summary>
public static class GroupLeave
{
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(50);

    // A close waits without a bound anyway where the brokers are away: this one only keeps the turns before it few.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Gives up what the consumer owns, by its revocation handler on this thread, and closes it. What is read
    /// meanwhile is dropped. It has no bound of its own where the brokers are away.
    /// </summary>
    /// <remarks>
    /// librdkafka 2.16 serves rebalances within its close, and each asks the client's own thread for the protocol; that
    /// thread drops questions that it takes after it has finished the group, without an answer, and the close never
    /// returns. So the subscription goes first, while questions are answered, and the close finds nothing to rebalance.
    /// </remarks>
    /// <param name="consumer">The consumer, which has subscribed.</param>
    /// <exception cref="KafkaException">The client can't be closed.</exception>
    public static void LeaveGroup<TKey, TValue>(this IConsumer<TKey, TValue> consumer)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        var begun = Stopwatch.GetTimestamp();
        try
        {
            consumer.Unsubscribe();
            do
            {
                Serve(consumer);
            }
            while (consumer.Assignment.Count > 0 && Stopwatch.GetElapsedTime(begun) < Patience);
        }
        finally
        {
            // Whatever a handler threw: the others wait for this member's partitions until it has left.
            consumer.Close();
        }
    }

    private static void Serve<TKey, TValue>(IConsumer<TKey, TValue> consumer)
    {
        try
        {
            consumer.Consume(Turn);
        }
        catch (ConsumeException)
        {
            // What it can't read any more it does not have to.
        }
    }
}
