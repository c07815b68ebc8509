using Scoring.Kafka.Clients;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;

namespace Scoring.Kafka.Consumers;

/// <summary>
/// Asks the brokers, one question after the other, on a loop of its own: an answer may take as long as they are away. What has
/// no answer is asked again, behind the others, until its deadline. It also finds out whether the brokers are there at all.
/// </summary>
internal sealed class LookupQueue
{
    private readonly ConsumerSettings settings;
    private readonly IOffsetClient client;
    private readonly BrokerReachability brokers;
    private readonly TimeProvider time;
    private readonly ConsumerMetrics metrics;
    private readonly Lock gate = new();
    private readonly Queue<Lookup> waiting = new();
    private ITurnLoop? loop;
    private string? closed;

    // The loop's, as the turns are.
    private long? probedAt;
    private volatile bool probesSoon;

    internal LookupQueue(ConsumerSettings settings, IOffsetClient client, BrokerReachability brokers, TimeProvider time, ConsumerMetrics metrics)
    {
        this.settings = settings;
        this.client = client;
        this.brokers = brokers;
        this.time = time;
        this.metrics = metrics;
    }

    /// <summary>Look-ups that wait, the one under way among them.</summary>
    internal int Count
    {
        get
        {
            lock (gate)
                return waiting.Count;
        }
    }

    internal void Start(ITurnScheduler turns, Action<Exception> failed) => loop = turns.Start("kafka-lookup", Turn, failed);

    internal ITurnLoop Loop => loop!;

    /// <summary>Asks.</summary>
    /// <param name="question">Asks the client once, waiting as long as it is told.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The answer. Its task ends on this queue's loop, or a simulation's thread: what follows must not block there.</returns>
    internal Task<T> Ask<T>(Func<IOffsetClient, TimeSpan, T> question, CancellationToken cancellation)
    {
        var lookup = new Lookup<T>(question, time.GetTimestamp(), cancellation);
        lock (gate)
        {
            if (closed is not null || waiting.Count >= settings.MaxLookups)
            {
                metrics.LookupsRefused.Add(1);
                return Task.FromException<T>(new InvalidOperationException(closed ?? $"{settings.MaxLookups} look-ups wait already, as many as MaxLookups allows"));
            }

            waiting.Enqueue(lookup);
        }

        loop!.Wake();
        return lookup.Answer;
    }

    /// <summary>Has the brokers be asked soon whether they are there.</summary>
    internal void ProbeSoon()
    {
        probesSoon = true;
        loop!.Wake();
    }

    /// <summary>Answers nothing any more.</summary>
    /// <param name="why">What those who wait are told.</param>
    internal void Close(string why)
    {
        lock (gate)
        {
            closed = why;
            while (waiting.TryDequeue(out var lookup))
                lookup.Fail(new InvalidOperationException(why));
        }

        loop?.Stop();
    }

    private TimeSpan? Turn()
    {
        if (Next(out var rest) is { } lookup)
        {
            Make(lookup);
            return TimeSpan.Zero;
        }

        var untilProbe = probedAt is { } at && !probesSoon ? settings.ProbeInterval - time.GetElapsedTime(at) : TimeSpan.Zero;
        if (untilProbe > TimeSpan.Zero)
            return rest < untilProbe ? rest : untilProbe;
        Probe();
        return TimeSpan.Zero;
    }

    // The first that is due. The order of those that wait for their pause does not matter.
    private Lookup? Next(out TimeSpan rest)
    {
        rest = TimeSpan.MaxValue;
        lock (gate)
        {
            for (var left = waiting.Count; left > 0; left--)
            {
                var lookup = waiting.Peek();
                var pause = lookup.TriedAt is { } at ? settings.RetryPause - time.GetElapsedTime(at) : TimeSpan.Zero;
                if (pause <= TimeSpan.Zero)
                    return lookup;
                rest = pause < rest ? pause : rest;
                waiting.Enqueue(waiting.Dequeue());
            }
        }

        return null;
    }

    private void Make(Lookup lookup)
    {
        var isDone = true;
        try
        {
            if (lookup.TryMake(client, settings.LookupTimeout))
                Reached();
        }
        catch (KafkaCallException e)
        {
            metrics.LookupFailures.Add(1);
            isDone = e.Failure.Class != FailureClass.Retriable || time.GetElapsedTime(lookup.AskedAt) + settings.RetryPause >= settings.LookupDeadline;
            lookup.TriedAt = time.GetTimestamp();
            if (isDone)
                lookup.Fail(e);
        }

        lock (gate)
        {
            // It is still the first, unless the queue was closed meanwhile.
            if (waiting.TryDequeue(out _) && !isDone)
                waiting.Enqueue(lookup);
        }
    }

    private void Probe()
    {
        probesSoon = false;
        try
        {
            client.Probe(settings.LookupTimeout);
            Reached();
        }
        catch (KafkaCallException e)
        {
            brokers.Missed(e.Failure);
        }

        probedAt = time.GetTimestamp();
    }

    private void Reached()
    {
        brokers.Answered();
        probedAt = time.GetTimestamp();
    }

    private abstract class Lookup(long askedAt)
    {
        internal long AskedAt => askedAt;

        internal long? TriedAt { get; set; }

        /// <summary>Asks; false if nobody wants to know any more.</summary>
        internal abstract bool TryMake(IOffsetClient client, TimeSpan timeout);

        internal abstract void Fail(Exception reason);
    }

    private sealed class Lookup<T>(Func<IOffsetClient, TimeSpan, T> question, long askedAt, CancellationToken cancellation) : Lookup(askedAt)
    {
        private readonly TaskCompletionSource<T> answer = new();

        internal Task<T> Answer => answer.Task;

        internal override bool TryMake(IOffsetClient client, TimeSpan timeout)
        {
            if (cancellation.IsCancellationRequested)
                return !answer.TrySetCanceled(cancellation);
            answer.TrySetResult(question(client, timeout));
            return true;
        }

        internal override void Fail(Exception reason) => answer.TrySetException(reason);
    }
}
