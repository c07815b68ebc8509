using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Telemetry;
using Scoring.Kafka.Threads;
using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Actors.Model;

/// <summary>
/// Owns the model's session and scores the batches that are posted to it, in the order in which they came.
/// One loop evaluates the model, so its buffers need no lock, and it is a thread of its own, so that the pool, which also carries the
/// cluster's heartbeats, never waits for a model. A model that fails at a row that it scored when it was
/// loaded is at fault, not what it is asked: its requests wait, and it is tried again and again.
/// </summary>
public sealed partial class ModelActor : IAsyncDisposable
{
    private static readonly KeyValuePair<string, object?>[] FaultTags =
        [.. Enum.GetValues<ScoreFault>().Select(f => KeyValuePair.Create<string, object?>("reason", f == ScoreFault.None ? "" : f.Code()))];

    // A model does not mend itself often; what does pass is a lack of memory.
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    // For the batch that is under way: whoever waits for the others has been given up by then.
    internal static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(2);

    private readonly ConcurrentQueue<ScoreRequest> mailbox = new();
    private readonly int maxWaitingRequests;
    private readonly IScorer scorer;
    private readonly TimeProvider time;
    private readonly ILogger<ModelActor> logger;
    private readonly TaskCompletionSource completion = new();
    private readonly Histogram<int> rowsPerRequest;
    private readonly Counter<long> failures;
    private readonly Counter<long> withoutScore;
    private readonly ITurnLoop loop;

    // The row that the model was loaded with: nothing in it is of the transactions that it fails at. Here, since a model may
    // fail for want of memory.
    private readonly double[] missing;
    private readonly Verdict[] missingVerdict = new Verdict[1];
    private volatile string? failing;
    private volatile bool isStopping;

    // The loop's: the request that a failing model is tried again with, what it said and when, and how long it is left alone.
    private ScoreRequest? underWay;
    private Exception? fault;
    private long failedAt;
    private TimeSpan retry = FirstRetry;

    /// <summary>Starts the actor.</summary>
    /// <param name="scorer">The model; the actor owns it from now on.</param>
    /// <param name="maxWaitingRequests">How many requests may wait; what posts them must keep below it.</param>
    /// <param name="time">Times its stop, and the tries of a model that fails.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="turns">Runs its loop.</param>
    /// <param name="logger">Where it is told that the model fails.</param>
    public ModelActor(IScorer scorer, int maxWaitingRequests, TimeProvider time, IMeterFactory meters, ITurnScheduler turns, ILogger<ModelActor> logger)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(meters);
        ArgumentNullException.ThrowIfNull(turns);
        this.scorer = scorer;
        this.time = time;
        this.logger = logger;
        this.maxWaitingRequests = maxWaitingRequests;
        var meter = meters.Create(ScoringMeter.Name);
        rowsPerRequest = meter.CreateHistogram<int>("scoring.model.batch_rows", "{row}", "Rows that the model scored in one go", advice: new InstrumentAdvice<int>
        {
            HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024],
        });
        failures = meter.CreateCounterAtZero("scoring.model.failures", "{request}", "Batches that the model failed to score");
        withoutScore = meter.CreateCounterAtZero("scoring.model.without_score", "{transaction}", "Transactions that the model gave no number from 0 to 1, and that are reviewed for it", FaultTags[1..]);
        meter.CreateObservableGauge("scoring.model.waiting", () => mailbox.Count, "{request}", "Batches that wait for the model");
        meter.CreateObservableGauge("scoring.model.failing", () => failing is null ? 0 : 1, "{model}", "1 while the model fails whatever it is asked, and transactions wait for it");
        missing = new double[scorer.Manifest.FeatureSet.Features.Count];
        Array.Fill(missing, double.NaN);
        loop = turns.Start("model", Turn, Fail);
    }

    /// <summary>What the running model says of itself.</summary>
    public BundleManifest Manifest => scorer.Manifest;

    /// <summary>Why the model fails whatever it is asked; null while it does not. Any thread may ask.</summary>
    public string? Failing => failing;

    /// <summary>Hands a request over. Any thread.</summary>
    /// <param name="request">The rows; <see cref="ScoreRequest.Completed"/> is called on it exactly once.</param>
    /// <exception cref="InvalidOperationException">More requests wait than the bound, or the actor has stopped.</exception>
    public void Post(ScoreRequest request)
    {
        // The partitions' own bounds add up to the mailbox's, so a full one is a mistake in the composition.
        if (isStopping || mailbox.Count >= maxWaitingRequests)
            throw new InvalidOperationException($"the model actor's mailbox took no more than {mailbox.Count} requests, or it has stopped");
        mailbox.Enqueue(request);
        loop.Wake();
        // It may have stopped between the two, and looks no more.
        if (loop.Ended.IsCompleted)
            FailAll();
    }

    /// <summary>Ends when the actor has stopped; faulted if it can't go on.</summary>
    public Task Completion => completion.Task;

    /// <summary>Finishes the batch that is under way, fails those that wait, and takes nothing more.</summary>
    /// <exception cref="TimeoutException">The model did not come back within a bound.</exception>
    public async Task StopAsync()
    {
        isStopping = true;
        loop.Wake();
        await loop.Ended.WaitAsync(StopTimeout, time);
        // One that was posted meanwhile.
        FailAll();
        completion.TrySetResult();
        await completion.Task;
    }

    /// <summary>Stops if that was not done yet, and closes the model, unless it is still at work.</summary>
    public async ValueTask DisposeAsync()
    {
        // A failure of the loop is told by StopAsync; here it must not keep the model open.
        await StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (loop.Ended.IsCompleted)
            scorer.Dispose();
    }

    // One request a turn.
    private TimeSpan? Turn()
    {
        if (isStopping)
        {
            FailAll();
            return null;
        }

        // Each request that is posted wakes the loop.
        if (fault is not null && retry - time.GetElapsedTime(failedAt) is var left && left > TimeSpan.Zero)
            return left;
        if (underWay is null && !mailbox.TryDequeue(out underWay))
            return Timeout.InfiniteTimeSpan;
        if (!TryAnswer(underWay, out var thrown))
        {
            retry = fault is null ? FirstRetry : retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
            (fault, failedAt) = (thrown, time.GetTimestamp());
            return retry;
        }

        var done = underWay;
        (underWay, fault) = (null, null);
        done.Completed();
        return TimeSpan.Zero;
    }

    // What was asked is not to blame for a model that does not come back before the stop.
    private void FailAll()
    {
        for (var request = underWay; request is not null || mailbox.TryDequeue(out request); request = null)
        {
            request.Failure = new OperationCanceledException("the model has stopped", request == underWay ? fault : null);
            underWay = null;
            request.Completed();
        }
    }

    private void Fail(Exception reason)
    {
        isStopping = true;
        completion.TrySetException(reason);
        FailAll();
    }

    /// <returns>False if the model is at fault, and has to be tried again.</returns>
    private bool TryAnswer(ScoreRequest request, out Exception? thrown)
    {
        thrown = null;
        try
        {
            Score(request);
            return true;
        }
#pragma warning disable CA1031 // Whatever the model throws belongs to the partition that asked, or is tried again; the loop serves the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures.Add(1);
            thrown = e;
            if (IsAtFault(e))
                return false;
            request.Failure = e;
            return true;
        }
    }

    private bool IsAtFault(Exception thrown)
    {
        try
        {
            scorer.Score(missing, missingVerdict);
            ScoresAgain();
            return false;
        }
#pragma warning disable CA1031 // What it throws tells all that is asked.
        catch (Exception)
#pragma warning restore CA1031
        {
            if (failing is null)
                LogFailing(thrown);
            failing = thrown.Message;
            return true;
        }
    }

    private void Score(ScoreRequest request)
    {
        rowsPerRequest.Record(request.Rows);
        scorer.Score(request.AllFeatures, request.AllVerdicts);
        for (var row = 0; row < request.Rows; row++)
        {
            ref readonly var verdict = ref request.AllVerdicts[row];
            var reasons = request.Reasons(row);
            reasons.Clear();
            if (verdict.Decision != Decision.Approve)
                scorer.Explain(request.Features(row), verdict, reasons!);
            if (verdict.Fault != ScoreFault.None)
                withoutScore.Add(1, FaultTags[(int)verdict.Fault]);
        }

        ScoresAgain();
    }

    private void ScoresAgain()
    {
        if (failing is null)
            return;
        failing = null;
        LogScoresAgain();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The model fails at a row that it scored when it was loaded; transactions wait, and it is tried again")]
    private partial void LogFailing(Exception thrown);

    [LoggerMessage(Level = LogLevel.Information, Message = "The model scores again")]
    private partial void LogScoresAgain();
}
