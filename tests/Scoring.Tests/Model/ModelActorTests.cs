using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Scoring.Actors.Model;
using Scoring.Kafka.Threads;
using Scoring.Models.Inference;
using Scoring.Models.Wire;
using Scoring.Tests.Inference;
using Scoring.Tests.Kafka.Fakes;

namespace Scoring.Tests.Model;

public sealed class ModelActorTests : IAsyncDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Dictionary<string, long> counted = [];
    private readonly MeterListener listener = new();

    public ModelActorTests()
    {
        listener.InstrumentPublished = (instrument, target) =>
        {
            if (instrument.Name == "scoring.model.without_score" && ReferenceEquals(instrument.Meter.Scope, Meters))
                target.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            // At its making a counter tells of each series that it is 0.
            if (value > 0)
                counted[(string)tags[0].Value!] = counted.GetValueOrDefault((string)tags[0].Value!) + value;
        });
        listener.Start();
    }

    private IMeterFactory Meters => services.GetRequiredService<IMeterFactory>();

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        await services.DisposeAsync();
    }

    [Fact]
    public async Task A_row_without_a_score_is_a_review_with_its_reason_and_is_counted()
    {
        await using var model = new ModelActor(BundleFixture.Quotient().Load(), 1, TimeProvider.System, Meters, new ThreadTurns(), NullLogger<ModelActor>.Instance);

        var request = await ScoreAsync(model, [0.25, 0, 0, 1], [0, 0, 0, 0], [7, 0, 0, 0], [0.95, 0, 0, 1], [0, 0, 0, 0]);

        Assert.Null(request.Failure);
        Assert.Equal([Decision.Approve, Decision.Review, Decision.Review, Decision.Decline, Decision.Review], Rows(request).Select(request.Decision));
        Assert.Equal([0.25f, 0.5f, 0.5f, 0.95f, 0.5f], Rows(request).Select(request.Score));
        Assert.Equal(["", "score_not_a_number", "score_out_of_range", "score_above_decline", "score_not_a_number"], Rows(request).Select(row => FirstReason(request, row)));
        Assert.Equal(new Dictionary<string, long> { ["score_not_a_number"] = 2, ["score_out_of_range"] = 1 }, counted);
    }

    [Fact]
    public async Task A_row_that_the_model_fails_on_is_a_review_and_the_rest_of_its_batch_is_scored()
    {
        await using var model = new ModelActor(BundleFixture.Lookup().Load(), 1, TimeProvider.System, Meters, new ThreadTurns(), NullLogger<ModelActor>.Instance);

        var request = await ScoreAsync(model, [1, 0, 0, 1], [4, 0, 0, 1], [0, 0, 0, 1]);

        Assert.Null(request.Failure);
        Assert.Equal([0.25f, 0.5f, 0.125f], Rows(request).Select(request.Score));
        Assert.Equal(["", "model_failed", ""], Rows(request).Select(row => FirstReason(request, row)));
        Assert.Equal(new Dictionary<string, long> { ["model_failed"] = 1 }, counted);
    }

    [Fact]
    public async Task A_model_that_fails_whatever_it_is_asked_is_tried_again_and_its_requests_wait()
    {
        var (time, turns) = (new FakeTime(), new ManualTurns());
        var scorer = new FlakyScorer(BundleFixture.Lookup().Load()) { FailuresLeft = 14 };
        var model = new ModelActor(scorer, 2, time, Meters, turns, NullLogger<ModelActor>.Instance);
        var requests = new[] { new Request(), new Request() };
        foreach (var request in requests)
        {
            request.AddRow()[0] = 1;
            model.Post(request);
        }

        // Each try is a call for the rows, and one for the row that the model was loaded with.
        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 30, 30 })
        {
            Assert.Equal(TimeSpan.FromSeconds(seconds), turns.Turn("model"));
            Assert.Equal("out of memory", model.Failing);
            // A request that is posted wakes the loop, and the model is let alone all the same.
            time.Advance(TimeSpan.FromSeconds(seconds) / 2);
            Assert.Equal(TimeSpan.FromSeconds(seconds) / 2, turns.Turn("model"));
            time.Advance(TimeSpan.FromSeconds(seconds) / 2);
        }

        turns.Run();
        Assert.All(requests, r => Assert.True(r.Done.IsCompleted && r.Failure is null && r.Score(0) == 0.25f));
        Assert.Null(model.Failing);
    }

    [Fact]
    public async Task A_model_that_fails_at_the_rows_alone_leaves_them_to_who_asked()
    {
        var scorer = new FlakyScorer(BundleFixture.Lookup().Load()) { FailuresLeft = 1 };
        await using var model = new ModelActor(scorer, 1, TimeProvider.System, Meters, new ThreadTurns(), NullLogger<ModelActor>.Instance);

        var request = await ScoreAsync(model, [1, 0, 0, 1]);

        Assert.IsType<InvalidOperationException>(request.Failure);
        Assert.Null(model.Failing);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_model_that_fails()
    {
        var scorer = new FlakyScorer(BundleFixture.Lookup().Load()) { FailuresLeft = int.MaxValue };
        var model = new ModelActor(scorer, 2, TimeProvider.System, Meters, new ThreadTurns(), NullLogger<ModelActor>.Instance);
        var requests = new[] { new Request(), new Request() };
        foreach (var request in requests)
        {
            request.AddRow();
            model.Post(request);
        }

        await scorer.Failed.WaitAsync(TimeSpan.FromSeconds(30));
        await model.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.All(requests, r => Assert.IsType<OperationCanceledException>(r.Failure));
        Assert.IsType<InvalidOperationException>(requests[0].Failure!.InnerException);
        Assert.Equal("out of memory", model.Failing);
    }

    private static IEnumerable<int> Rows(ScoreRequest request) => Enumerable.Range(0, request.Rows);

    private static string FirstReason(ScoreRequest request, int row) => request.ReasonsOf(row) is [var first, ..] ? first : "";

    private static async Task<ScoreRequest> ScoreAsync(ModelActor model, params double[][] rows)
    {
        var request = new Request();
        foreach (var row in rows)
            row.CopyTo(request.AddRow());
        model.Post(request);
        await request.Done.WaitAsync(TimeSpan.FromSeconds(30));
        return request;
    }

    private sealed class Request() : ScoreRequest(4)
    {
        private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Done => done.Task;

        public override void Completed() => done.TrySetResult();
    }

    private sealed class FlakyScorer(ModelBundle bundle) : IScorer
    {
        private readonly TaskCompletionSource failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int FailuresLeft { get; set; }

        public Task Failed => failed.Task;

        public BundleManifest Manifest => bundle.Manifest;

        public void Score(ReadOnlySpan<double> features, Span<Verdict> verdicts)
        {
            if (FailuresLeft > 0)
            {
                FailuresLeft--;
                failed.TrySetResult();
                throw new InvalidOperationException("out of memory");
            }

            bundle.Score(features, verdicts);
        }

        public int Explain(ReadOnlySpan<double> features, in Verdict verdict, Span<string> reasons) => bundle.Explain(features, verdict, reasons);

        public void Dispose() => bundle.Dispose();
    }
}
