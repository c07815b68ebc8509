using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Scoring.Actors.Telemetry;
using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Actors.Model;

/// <summary>
/// Owns the model's session and scores the batches that are posted to it, in the order in which they came.
/// One loop evaluates the model, so its buffers need no lock. A model that fails at a row that it scored when it was
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

    private readonly Channel<ScoreRequest> mailbox;
    private readonly IScorer scorer;
    private readonly TimeProvider time;
    private readonly ILogger<ModelActor> logger;
    private readonly CancellationTokenSource stop = new();
    private readonly Histogram<int> rowsPerRequest;
    private readonly Counter<long> failures;
    private readonly Counter<long> withoutScore;
    private readonly Task loop;

    // The row that the model was loaded with: nothing in it is of the transactions that it fails at. Here, since a model may
    // fail for want of memory.
    private readonly double[] missing;
    private readonly Verdict[] missingVerdict = new Verdict[1];
    private volatile string? failing;

    /// <summary>Starts the actor.</summary>
    /// <param name="scorer">The model; the actor owns it from now on.</param>
    /// <param name="maxWaitingRequests">How many requests may wait; what posts them must keep below it.</param>
    /// <param name="time">Times the tries of a model that fails.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="scheduler">Where its loop runs.</param>
    /// <param name="logger">Where it is told that the model fails.</param>
    public ModelActor(IScorer scorer, int maxWaitingRequests, TimeProvider time, IMeterFactory meters, TaskScheduler scheduler, ILogger<ModelActor> logger)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(meters);
        this.scorer = scorer;
        this.time = time;
        this.logger = logger;
        mailbox = Channel.CreateBounded<ScoreRequest>(new BoundedChannelOptions(maxWaitingRequests) { SingleReader = true });
        var meter = meters.Create(ScoringMeter.Name);
        rowsPerRequest = meter.CreateHistogram<int>("scoring.model.batch_rows", "{row}", "Rows that the model scored in one go", advice: new InstrumentAdvice<int>
        {
            HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024],
        });
        failures = meter.CreateCounterAtZero("scoring.model.failures", "{request}", "Batches that the model failed to score");
        withoutScore = meter.CreateCounterAtZero("scoring.model.without_score", "{transaction}", "Transactions that the model gave no number from 0 to 1, and that are reviewed for it", FaultTags[1..]);
        meter.CreateObservableGauge("scoring.model.waiting", () => mailbox.Reader.Count, "{request}", "Batches that wait for the model");
        meter.CreateObservableGauge("scoring.model.failing", () => failing is null ? 0 : 1, "{model}", "1 while the model fails whatever it is asked, and transactions wait for it");
        missing = new double[scorer.Manifest.FeatureSet.Features.Count];
        Array.Fill(missing, double.NaN);
        loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();
    }

    /// <summary>What the running model says of itself.</summary>
    public BundleManifest Manifest => scorer.Manifest;

    /// <summary>Why the model fails whatever it is asked; null while it does not. Any thread may ask.</summary>
    public string? Failing => failing;

    /// <summary>Hands a request over.</summary>
    /// <param name="request">The rows; <see cref="ScoreRequest.Completed"/> is called on it exactly once.</param>
    /// <exception cref="InvalidOperationException">More requests wait than the bound, or the actor has stopped.</exception>
    public void Post(ScoreRequest request)
    {
        // The shards' own bounds add up to the mailbox's, so a full one is a mistake in the composition.
        if (!mailbox.Writer.TryWrite(request))
            throw new InvalidOperationException($"the model actor's mailbox took no more than {mailbox.Reader.Count} requests, or it has stopped");
    }

    /// <summary>Ends when the actor has stopped; faulted if it can't go on.</summary>
    public Task Completion => loop;

    /// <summary>Finishes the batch that is under way, fails those that wait, and takes nothing more.</summary>
    /// <exception cref="TimeoutException">The model did not come back within a bound.</exception>
    public async Task StopAsync()
    {
        mailbox.Writer.TryComplete();
        await stop.CancelAsync();
        await loop.WaitAsync(StopTimeout, time);
    }

    /// <summary>Stops if that was not done yet, and closes the model, unless it is still at work.</summary>
    public async ValueTask DisposeAsync()
    {
        // A failure of the loop is told by StopAsync; here it must not keep the model open.
        await StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!loop.IsCompleted)
            return;
        stop.Dispose();
        scorer.Dispose();
    }

    private async Task RunAsync()
    {
        while (await mailbox.Reader.WaitToReadAsync())
        {
            while (mailbox.Reader.TryRead(out var request))
            {
                if (stop.IsCancellationRequested)
                    request.Failure = new OperationCanceledException("the model has stopped");
                else
                    await AnswerAsync(request);
                request.Completed();
            }
        }
    }

    private async Task AnswerAsync(ScoreRequest request)
    {
        for (var delay = FirstRetry; ; delay = delay * 2 < LongestRetry ? delay * 2 : LongestRetry)
        {
            try
            {
                Score(request);
                return;
            }
#pragma warning disable CA1031 // Whatever the model throws belongs to the shard that asked, or is tried again; the loop serves the others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failures.Add(1);
                if (!IsAtFault(e))
                {
                    request.Failure = e;
                    return;
                }

                // What was asked is not to blame for a model that does not come back before the stop.
                if (!await TryWaitAsync(delay))
                {
                    request.Failure = new OperationCanceledException("the model has stopped", e);
                    return;
                }
            }
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

    private async Task<bool> TryWaitAsync(TimeSpan delay)
    {
        try
        {
            await Task.Delay(delay, time, stop.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
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
