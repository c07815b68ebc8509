using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Scoring.Kafka.Clients;
using Scoring.Kafka.Settings;
using Scoring.Kafka.Threads;

namespace Scoring.Kafka.Producers;

/// <summary>
/// The transactional producer of one partition, under the transactional id of that partition: whoever initialises it fences
/// the owner before. Its calls block, so they are made on a loop of its own, one a turn: <see cref="InitAsync"/>, then records,
/// offsets and a commit, again and again, an abort where something is left open. A call without an answer is made again until a
/// deadline. It lives as long as one owner of the partition: after an abort, a fence or a fatal error it is disposed of.
/// </summary>
public sealed partial class TransactionalProducer : IAsyncDisposable
{
    private readonly string transactionalId;
    private readonly TransactionSettings settings;
    private readonly ITransactionalClient client;
    private readonly TimeProvider time;
    private readonly ProducerMetrics metrics;
    private readonly ILogger<TransactionalProducer> logger;
    private readonly ITurnLoop loop;
    private Request? request;
    private long? endBegan;
    private volatile int state;
    private volatile bool isDisposed;

    /// <summary>Connects the client. Does not wait for the brokers.</summary>
    /// <param name="transactionalId">The transactional id: the same for every owner of the partition, and no other partition's.</param>
    /// <param name="settings">The bounds of its calls.</param>
    /// <param name="clients">Connects the client.</param>
    /// <param name="turns">Runs its loop.</param>
    /// <param name="time">Times its calls.</param>
    /// <param name="metrics">What is counted.</param>
    /// <param name="logger">Where failures are said.</param>
    /// <exception cref="ArgumentException">A setting is not possible; the message names it.</exception>
    public TransactionalProducer(
        string transactionalId, TransactionSettings settings, IKafkaClients clients, ITurnScheduler turns, TimeProvider time, ProducerMetrics metrics, ILogger<TransactionalProducer> logger)
    {
        ArgumentException.ThrowIfNullOrEmpty(transactionalId);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(turns);
        SettingChecks.ThrowIfInvalid(settings);
        this.transactionalId = transactionalId;
        this.settings = settings;
        this.time = time;
        this.metrics = metrics;
        this.logger = logger;
        client = clients.Transactions(transactionalId);
        loop = turns.Start($"kafka-{transactionalId}", Turn, Fail);
    }

    /// <summary>Where it stands. Any thread may ask.</summary>
    public TransactionState State => (TransactionState)state;

    internal ProducerMetrics Metrics => metrics;

    /// <summary>Takes the transactional id over, which aborts what the owner before had open and fences it, and opens a transaction.</summary>
    /// <returns>Ends once that is so; fails with <see cref="TransactionFailedException"/>. Its task ends on this producer's loop: what follows must not block there, or no further call is made.</returns>
    public Task InitAsync() => AskAsync(TransactionCall.Init, [], TransactionCall.Begin);

    /// <summary>Commits an offset by itself, as where a partition starts. Not while a stream uses the producer.</summary>
    /// <param name="offset">The offset of the next record to read.</param>
    /// <returns>Ends once it is committed, on this producer's loop too; fails with <see cref="TransactionFailedException"/>.</returns>
    public Task CommitAsync(TopicPartitionOffset offset) => AskAsync(TransactionCall.SendOffsets, [offset], TransactionCall.Commit, TransactionCall.Begin);

    /// <summary>Takes back what is open and ends the client, on its loop: the brokers' absence is not waited for beyond a bound.</summary>
    public async ValueTask DisposeAsync()
    {
        isDisposed = true;
        loop.Wake();
        await loop.Ended;
    }

    /// <summary>Hands over a record of the open transaction. Called by one stream.</summary>
    /// <returns>False if the client's queue is full: nothing was done.</returns>
    internal bool TryProduce(in ProducerRecord record, DeliveryObserver observer)
    {
        if (client.TryProduce(record, observer))
            return true;
        metrics.QueueFull.Add(1);
        return false;
    }

    /// <summary>Commits the open transaction and opens the next.</summary>
    /// <param name="offset">The offset that joins it; null for none.</param>
    /// <param name="done">Is told on the loop: null, or why not.</param>
    internal void Commit(TopicPartitionOffset? offset, Action<TransactionFailedException?> done)
    {
        if (offset is null)
            Ask(new Request([], done, TransactionCall.Commit, TransactionCall.Begin));
        else
            Ask(new Request([offset], done, TransactionCall.SendOffsets, TransactionCall.Commit, TransactionCall.Begin));
    }

    private Task AskAsync(TransactionCall first, TopicPartitionOffset[] offsets, params TransactionCall[] then)
    {
        var answer = new TaskCompletionSource();
        Ask(new Request(offsets, failure => Answer(answer, failure), [first, .. then]));
        return answer.Task;
    }

    private static void Answer(TaskCompletionSource answer, TransactionFailedException? failure)
    {
        if (failure is null)
            answer.TrySetResult();
        else
            answer.TrySetException(failure);
    }

    private void Ask(Request asked)
    {
        if (Interlocked.CompareExchange(ref request, asked, null) is not null)
            throw new InvalidOperationException($"{transactionalId} is asked for {asked.Call} while another call of it is under way");
        if (isDisposed)
            TakeRequest()?.Done(Ended());
        else
            loop.Wake();
    }

    private TimeSpan? Turn()
    {
        if (isDisposed)
            return End();
        if (Volatile.Read(ref request) is not { } asked)
            return Timeout.InfiniteTimeSpan;
        asked.Began ??= time.GetTimestamp();
        if (!State.Allows(asked.Call))
        {
            Refuse(asked);
            return TimeSpan.Zero;
        }

        var failure = Try(asked.Call, () => Call(asked));
        if (failure is null)
            return Succeed(asked);
        if (failure.Class == FailureClass.Retriable && time.GetElapsedTime(asked.Began.Value) < settings.CallDeadline)
        {
            metrics.Retries.Add(1);
            return settings.RetryPause;
        }

        GiveUp(asked, failure);
        return TimeSpan.Zero;
    }

    private void Call(Request asked)
    {
        switch (asked.Call)
        {
            case TransactionCall.Init:
                client.Init(settings.CallTimeout);
                break;
            case TransactionCall.Begin:
                client.Begin();
                break;
            case TransactionCall.SendOffsets:
                // The same ones each time: a try that had no answer may have reached the group.
                client.SendOffsets(asked.Offsets, settings.CallTimeout);
                break;
            default:
                client.Commit(settings.CallTimeout);
                break;
        }
    }

    // Makes one call, and goes where its outcome leads.
    private KafkaFailure? Try(TransactionCall call, Action make)
    {
        KafkaFailure? failure = null;
        try
        {
            make();
        }
        catch (KafkaCallException e)
        {
            failure = e.Failure;
        }

        var before = State;
        state = (int)before.After(call, failure?.Class);
        if (State == TransactionState.Fenced && before != TransactionState.Fenced)
            metrics.Fences.Add(1);
        return failure;
    }

    private TimeSpan Succeed(Request asked)
    {
        if (asked.Call == TransactionCall.Commit)
        {
            metrics.Commits.Add(1);
            metrics.CommitTime.Record(time.GetElapsedTime(asked.Began!.Value).TotalSeconds);
        }

        if (asked.TryNext())
            return TimeSpan.Zero;
        TakeRequest()?.Done(null);
        return TimeSpan.Zero;
    }

    private void Refuse(Request asked) => GiveUp(asked, new KafkaFailure(
        State == TransactionState.Fenced ? FailureClass.Fenced : FailureClass.Fatal, ErrorCode.Local_State, $"the producer is {State} and takes no {asked.Call} any more"));

    private void GiveUp(Request asked, KafkaFailure failure)
    {
        var its = failure;
        if (failure.Class == FailureClass.Retriable)
        {
            // What has become of it, only the next owner's init decides.
            its = failure with { Class = FailureClass.Fatal, Message = $"no answer for {settings.CallDeadline.TotalSeconds:N0} s: {failure.Message}" };
            state = (int)TransactionState.Failed;
        }

        var reason = new TransactionFailedException(its, $"{transactionalId}: {asked.Call} failed: {its.Message}");
        LogFailed(transactionalId, asked.Call, its.Class, its.Message);
        TakeRequest()?.Done(reason);
    }

    private TimeSpan? End()
    {
        TakeRequest()?.Done(Ended());
        endBegan ??= time.GetTimestamp();
        var left = settings.AbortTimeout - time.GetElapsedTime(endBegan.Value);
        // What was committed without an answer can't be taken back, and what is fenced is not this one's any more.
        if (State.Allows(TransactionCall.Abort) && left > TimeSpan.Zero)
        {
            var failure = Try(TransactionCall.Abort, () => client.Abort(left < settings.CallTimeout ? left : settings.CallTimeout));
            if (failure?.Class == FailureClass.Retriable)
                return settings.RetryPause;
            metrics.Aborts.Add(failure is null ? 1 : 0);
        }

        client.Dispose();
        return null;
    }

    private void Fail(Exception reason)
    {
        state = (int)TransactionState.Failed;
        isDisposed = true;
        LogDefect(transactionalId, reason);
        TakeRequest()?.Done(new TransactionFailedException(new KafkaFailure(FailureClass.Fatal, ErrorCode.Local_Fail, reason.Message), $"{transactionalId}: {reason.Message}"));
        client.Dispose();
    }

    private Request? TakeRequest() => Interlocked.Exchange(ref request, null);

    private TransactionFailedException Ended() =>
        new(new KafkaFailure(FailureClass.Fatal, ErrorCode.Local_Destroy, "the producer is disposed of"), $"{transactionalId}: the producer is disposed of");

    [LoggerMessage(Level = LogLevel.Warning, Message = "{TransactionalId}: {Call} failed, {Class} ({Reason})")]
    private partial void LogFailed(string transactionalId, TransactionCall call, FailureClass @class, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "{TransactionalId}: the producer has failed")]
    private partial void LogDefect(string transactionalId, Exception reason);

    /// <summary>Calls that are made one after the other, and who is told of their end.</summary>
    private sealed class Request(TopicPartitionOffset[] offsets, Action<TransactionFailedException?> done, params TransactionCall[] calls)
    {
        private int made;

        internal TransactionCall Call => calls[made];

        internal TopicPartitionOffset[] Offsets => offsets;

        internal long? Began { get; set; }

        internal bool TryNext() => ++made < calls.Length;

        internal void Done(TransactionFailedException? failure) => done(failure);
    }
}
