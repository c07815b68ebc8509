using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Scoring.Actors.Telemetry;
using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Actors.Model;

/// <summary>
/// Owns the model's session and scores the batches that are posted to it, in the order in which they came.
/// One loop evaluates the model, so its buffers need no lock.
/// </summary>
public sealed class ModelActor : IAsyncDisposable
{
    private static readonly KeyValuePair<string, object?>[] FaultTags =
        [.. Enum.GetValues<ScoreFault>().Select(f => KeyValuePair.Create<string, object?>("reason", f == ScoreFault.None ? "" : f.Code()))];

    private readonly Channel<ScoreRequest> mailbox;
    private readonly ModelBundle bundle;
    private readonly Histogram<int> rowsPerRequest;
    private readonly Counter<long> failures;
    private readonly Counter<long> withoutScore;
    private readonly Task loop;

    /// <summary>Starts the actor.</summary>
    /// <param name="bundle">The model; the actor owns it from now on.</param>
    /// <param name="maxWaitingRequests">How many requests may wait; what posts them must keep below it.</param>
    /// <param name="meters">Where its metrics are counted.</param>
    /// <param name="scheduler">Where its loop runs.</param>
    public ModelActor(ModelBundle bundle, int maxWaitingRequests, IMeterFactory meters, TaskScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(meters);
        this.bundle = bundle;
        mailbox = Channel.CreateBounded<ScoreRequest>(new BoundedChannelOptions(maxWaitingRequests) { SingleReader = true });
        var meter = meters.Create(ScoringMeter.Name);
        rowsPerRequest = meter.CreateHistogram<int>("scoring.model.batch_rows", "{row}", "Rows that the model scored in one go", advice: new InstrumentAdvice<int>
        {
            HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024],
        });
        failures = meter.CreateCounterAtZero("scoring.model.failures", "{request}", "Batches that the model failed to score");
        withoutScore = meter.CreateCounterAtZero("scoring.model.without_score", "{transaction}", "Transactions that the model gave no number from 0 to 1, and that are reviewed for it", FaultTags[1..]);
        meter.CreateObservableGauge("scoring.model.waiting", () => mailbox.Reader.Count, "{request}", "Batches that wait for the model");
        loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();
    }

    /// <summary>What the running model says of itself.</summary>
    public BundleManifest Manifest => bundle.Manifest;

    /// <summary>Hands a request over.</summary>
    /// <param name="request">The rows; <see cref="ScoreRequest.Completed"/> is called on it exactly once.</param>
    /// <exception cref="InvalidOperationException">More requests wait than the bound, or the actor has stopped.</exception>
    public void Post(ScoreRequest request)
    {
        // The shards' own bounds add up to the mailbox's, so a full one is a mistake in the composition.
        if (!mailbox.Writer.TryWrite(request))
            throw new InvalidOperationException($"the model actor's mailbox took no more than {mailbox.Reader.Count} requests, or it has stopped");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        mailbox.Writer.TryComplete();
        await loop;
        bundle.Dispose();
    }

    private async Task RunAsync()
    {
        while (await mailbox.Reader.WaitToReadAsync())
        {
            while (mailbox.Reader.TryRead(out var request))
            {
                try
                {
                    Score(request);
                }
#pragma warning disable CA1031 // Whatever the model throws belongs to the shard that asked; the loop serves the others.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    request.Failure = e;
                    failures.Add(1);
                }

                request.Completed();
            }
        }
    }

    private void Score(ScoreRequest request)
    {
        rowsPerRequest.Record(request.Rows);
        bundle.Score(request.AllFeatures, request.AllVerdicts);
        for (var row = 0; row < request.Rows; row++)
        {
            ref readonly var verdict = ref request.AllVerdicts[row];
            var reasons = request.Reasons(row);
            reasons.Clear();
            if (verdict.Decision != Decision.Approve)
                bundle.Explain(request.Features(row), verdict, reasons!);
            if (verdict.Fault != ScoreFault.None)
                withoutScore.Add(1, FaultTags[(int)verdict.Fault]);
        }
    }
}
