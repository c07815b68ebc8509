using Confluent.Kafka;
using Scoring.Producer.Collect;

namespace Scoring.Producer.Load;

/// <summary>
/// One run: sends a source's records, collects what comes back, and ends when everything is accounted for
/// or nothing more comes. 1. Find the topics and where they end. 2. Collect. 3. Send. 4. Wait for what is
/// missing. 5. Wait until the service has committed all, and read what it wrote until then, so that a
/// score too many does not arrive after the report; where the ledger's progress is known, wait for that too.
/// </summary>
public sealed class LoadRun
{
    // The embedded broker keeps 5 MiB; what the run has not read itself yet comes on top.
    private const long MaxScoreBytesAhead = 3 * 1024 * 1024;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    private readonly LoadOptions options;
    private readonly IRecordSource source;
    private readonly Reconciliation reconciliation;
    private readonly TimeProvider time;
    private readonly List<string> problems = [];
    private readonly Lock problemsGate = new();
    private Collector? collector;
    private LoadGenerator? generator;
    private CommittedOffsets? committed;
    private long started;
    private volatile bool draining;

    /// <summary>Prepares a run.</summary>
    /// <param name="options">The load, and where it goes.</param>
    /// <param name="source">What is sent; the caller disposes it after the run.</param>
    /// <param name="ids">How the source's transactions are found.</param>
    /// <param name="time">The clock of send times, event times and latencies.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public LoadRun(LoadOptions options, IRecordSource source, ITransactionIds ids, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options;
        this.source = source;
        this.time = time;
        reconciliation = new Reconciliation(ids);
    }

    /// <summary>What has happened so far; null before the first record is due. Any thread may ask.</summary>
    public RunProgress? Progress =>
        Volatile.Read(ref collector) is { } reader && Volatile.Read(ref started) is var start && start != 0
            ? new RunProgress(reconciliation.Counts(), reader.Latency, time.GetElapsedTime(start), draining)
            : null;

    /// <summary>Runs it.</summary>
    /// <param name="stopSending">Ends the sending early; what was sent is still waited for.</param>
    /// <exception cref="LoadException">The brokers do not answer, a topic is missing, or the scores cannot be read.</exception>
    public async Task<RunReport> RunAsync(CancellationToken stopSending)
    {
        // 1. Find the topics and where they end.
        using var producer = KafkaClients.Producer(options, OnError);
        var partitions = KafkaClients.PartitionsOf(producer.Handle, options.TransactionsTopic, options);
        List<TopicPartition> outputs = [.. PartitionsOf(producer.Handle, options.ScoresTopic), .. PartitionsOf(producer.Handle, options.DeadLettersTopic)];

        // 2. Collect.
        using var reader = new Collector(options, outputs, reconciliation, time, OnError);
        var bound = options.MaxBytesAhead > 0 ? new CommitBound(partitions, options.MaxBytesAhead) : null;
        using var commits = new CommittedOffsets(options, reader.EndsOf(options.TransactionsTopic, partitions), bound, OnError);
        Volatile.Write(ref collector, reader);
        committed = commits;
        await WaitUntilReadyAsync(reader);

        // 3. Send.
        generator = new LoadGenerator(options, source, reconciliation, producer, new LoadBounds(bound, LedgerBoundOf(bound, reader)), commits, partitions, time);
        Volatile.Write(ref started, time.GetTimestamp());
        await SendAsync(generator, stopSending);
        var sending = time.GetElapsedTime(started);
        draining = true;
        FlushAll(producer);

        // 4. and 5. Wait.
        if (await WaitForAsync(IsComplete, "not everything that was sent came back"))
            await SettleAsync(reader, partitions);
        reader.Dispose();
        if (generator.DeliveryError is { } error)
            AddProblem($"a record was not stored: {error}");
        if (source.Problem is { } problem)
            AddProblem(problem);
        return new RunReport(reconciliation.Counts(), reader.Latency, sending, bound?.MostBytesAhead() ?? 0, reader.Declined, problems);
    }

    private async Task WaitUntilReadyAsync(Collector reader)
    {
        try
        {
            await reader.Ready.WaitAsync(options.RequestTimeout, time);
        }
        catch (TimeoutException e)
        {
            throw new LoadException($"'{options.ScoresTopic}' and '{options.DeadLettersTopic}' could not be read to their ends within {options.RequestTimeout.TotalSeconds:N0} s", e);
        }
    }

    private static Task SendAsync(LoadGenerator generator, CancellationToken stopSending)
    {
        // A thread of its own: the generator blocks between records, which a pool's thread must not.
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                generator.Run(stopSending);
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        {
            IsBackground = true,
            Name = "load generator",
            Priority = ThreadPriority.AboveNormal,
        }.Start();
        return done.Task;
    }

    private void FlushAll(IProducer<byte[]?, OutgoingRecord> producer)
    {
        var left = producer.Flush(options.DrainTimeout);
        if (left > 0)
            AddProblem($"{left:N0} records were not acknowledged within {options.DrainTimeout.TotalSeconds:N0} s");
    }

    private bool IsComplete()
    {
        var counts = reconciliation.Counts();
        return counts.Missing == 0 && counts.DeadLettered == counts.Malformed;
    }

    private async Task SettleAsync(Collector reader, int partitions)
    {
        var all = await WaitForAsync(
            () => Enumerable.Range(0, partitions).All(p => committed!.Of(p) >= generator!.EndOf(p)),
            $"group '{options.ScoringGroup}' has not committed all that was sent; is that the service's group?");
        if (!all)
            return;
        var ends = reader.Ends();
        await WaitForAsync(() => reader.HasReached(ends), "the end of the scores was not reached");
        if (options.LedgerOffset is { } ledger)
            await WaitForAsync(() => ends.All(e => e.Key.Topic != options.ScoresTopic || e.Value == 0 || ledger(e.Key.Partition.Value) >= e.Value), "the ledger has not read all scores");
    }

    private LedgerBound? LedgerBoundOf(CommitBound? bound, Collector reader) => bound is not null && options.LedgerOffset is { } ledger
        ? new LedgerBound(bound, reader.ScoresReadOf, ledger, () => reader.LargestScoreBytes, MaxScoreBytesAhead)
        : null;

    /// <summary>Waits until the condition holds; gives up when nothing moves for the drain timeout.</summary>
    private async Task<bool> WaitForAsync(Func<bool> condition, string problem)
    {
        var (moved, since) = (Movement(), time.GetTimestamp());
        while (!condition())
        {
            if (collector!.Failure is { } failure)
                throw failure;
            await Task.Delay(PollInterval, time);
            var now = Movement();
            if (now != moved)
            {
                (moved, since) = (now, time.GetTimestamp());
            }
            else if (time.GetElapsedTime(since) > options.DrainTimeout)
            {
                AddProblem($"{problem} (nothing moved for {options.DrainTimeout.TotalSeconds:N0} s)");
                return false;
            }
        }

        return true;
    }

    private long Movement() => collector!.Arrivals + committed!.Total + LedgerTotal();

    private long LedgerTotal() => options.LedgerOffset is { } ledger ? Enumerable.Range(0, collector!.ScorePartitions).Sum(p => ledger(p) ?? 0) : 0;

    private IEnumerable<TopicPartition> PartitionsOf(Handle handle, string topic) =>
        Enumerable.Range(0, KafkaClients.PartitionsOf(handle, topic, options)).Select(p => new TopicPartition(topic, p));

    // Transport errors come and go while brokers do; what they cost shows in the counts.
    private void OnError(Error error)
    {
        if (error.IsFatal)
            AddProblem($"the Kafka client failed: {error.Reason}");
    }

    private void AddProblem(string problem)
    {
        lock (problemsGate)
            problems.Add(problem);
    }
}
