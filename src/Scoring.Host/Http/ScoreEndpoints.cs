using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.Options;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Sink;
using Scoring.Actors.Telemetry;
using Scoring.Host.Cluster;
using Scoring.Host.Options;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>Scores that are made on request, by way of the input log.</summary>
/// <param name="topics">The topics, of which one is the input log.</param>
/// <param name="life">The node as a member, by whose uid its callers' records are known.</param>
/// <param name="decoder">Says what is valid.</param>
/// <param name="limits">What a body may be at most.</param>
/// <param name="options">How long a call waits.</param>
/// <param name="log">Where transactions are appended.</param>
/// <param name="replies">The calls that wait.</param>
/// <param name="ledger">The scores that were made before.</param>
/// <param name="time">The clock.</param>
/// <param name="meters">Where conflicts are counted.</param>
internal sealed class ScoreEndpoints(
    Topics topics,
    ClusterLife life,
    TransactionDecoder decoder,
    IOptions<DecodeLimits> limits,
    IOptions<HttpOptions> options,
    KafkaOutputLog log,
    PendingReplies replies,
    IScoreLedger ledger,
    TimeProvider time,
    IMeterFactory meters)
{
    private const string Json = "application/json";
    private const int MaxTraceParentChars = 512;

    private static readonly TimeSpan LedgerPoll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LedgerTimeout = TimeSpan.FromMilliseconds(500);

    internal void Map(IEndpointRouteBuilder routes)
    {
        var conflicts = meters.Create(ScoringMeter.Name).CreateCounterAtZero("scoring.http.conflicts", "{call}", "Calls refused because another transaction has their user, card and id");
        routes.MapPost("/v1/score", async (HttpRequest request) => Counted(await ScoreAsync(request), conflicts))
            .WithName("Score").WithSummary("Scores a transaction by way of the input log; sent again it gets the first score")
            .WithDescription("A transaction is known by its userId (else its cardId), cardId and transactionId. With the same fields it is a repeat and gets the first score; with others it is refused with status 422. A body of Content-Encoding gzip is taken.")
            // Any type is let in: what is no JSON is told so in terms of its fields.
            .Accepts<TransactionDocument>(Json, "*/*")
            .Produces<ScoreDocument>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .ProducesProblem(StatusCodes.Status504GatewayTimeout);
    }

    private static IResult Counted(IResult result, Counter<long> conflicts)
    {
        if (result is IStatusCodeHttpResult { StatusCode: StatusCodes.Status422UnprocessableEntity })
            conflicts.Add(1);
        return result;
    }

    private async Task<IResult> ScoreAsync(HttpRequest request)
    {
        // 1. Read and check it.
        var (body, problem) = await RequestBody.ReadAsync(request, limits.Value.MaxValueBytes, request.HttpContext.RequestAborted);
        if (body is null)
            return problem!;
        if ((decoder.Decode(body, out var transaction) ?? decoder.Rules.CheckNodeTime(transaction.EventTimeMicros, EventTime.Of(time.GetUtcNow()))) is { } rejection)
            return Problems.Invalid(rejection);

        // 2. A repeat gets the first score.
        if (await TryFindAsync(transaction, request.HttpContext.RequestAborted) is { } first)
            return first;

        // 3. Append it to the log, and wait for what its shard makes of it.
        if (life.Uid is not { } uid)
            return Problems.Unavailable("the node has not begun yet");
        if (!replies.TryRegister(out var call, out var reply))
            return Problems.Unavailable($"{options.Value.MaxWaitingScores} calls wait for their scores already");
        try
        {
            var append = new RequestAppend();
            if (!log.TryAppend(Record(transaction, body, new ReplyTo(uid, call), request), append))
                return Problems.Unavailable("the producer's queue is full");
            return await WaitAsync(transaction, append, reply, request.HttpContext.RequestAborted);
        }
        finally
        {
            replies.Forget(call);
        }
    }

    private async Task<IResult> WaitAsync(Transaction transaction, RequestAppend append, Task<Reply> reply, CancellationToken aborted)
    {
        var timeout = options.Value.ScoreTimeout;
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < timeout)
        {
            // Another node may own the shard, or the transaction may be a repeat: then the score comes by the ledger.
            await Task.WhenAny(reply.IsCompleted ? Task.Delay(LedgerPoll, time, aborted) : reply, append.Failure, Task.Delay(LedgerPoll, time, aborted));
            aborted.ThrowIfCancellationRequested();
            if (append.Failure.IsCompleted)
                return Problems.Unavailable($"the input log did not take the transaction: {await append.Failure}");
            if (reply.IsCompleted && await reply is var answer)
            {
                if (answer.Rejection is { } rejection)
                    return Problems.Invalid(rejection);
                if (answer.Score is { } score)
                    return TypedResults.Bytes(score, Json);
            }

            if (await TryFindAsync(transaction, aborted) is { } recorded)
                return recorded;
        }

        return Problems.TimedOut(Identity(transaction), timeout);
    }

    // Scoring does not need the ledger: while it is away a transaction is scored, and its repeat is not scored again.
    private async ValueTask<IResult?> TryFindAsync(Transaction transaction, CancellationToken aborted)
    {
        using var limit = new CancellationTokenSource(LedgerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, aborted);
        try
        {
            return await ledger.FindAsync(Identity(transaction), IdPosition.Start, 1, either.Token) is [var score, ..] ? Scored(score, transaction) : null;
        }
        catch (Exception e) when (e is LedgerUnavailableException or OperationCanceledException && !aborted.IsCancellationRequested)
        {
            return null;
        }
    }

    // Of another transaction under the same identity it is no answer.
    private static IResult Scored(byte[] score, in Transaction transaction) =>
        ScoreKeys.TryRead(score, out var keys) && keys.ConflictsWith(transaction) ? Problems.Invalid(Rejection.Conflict) : TypedResults.Bytes(score, Json);

    private static ScoreSearch Identity(in Transaction transaction) =>
        new(Encoding.UTF8.GetString(transaction.TransactionId), Encoding.UTF8.GetString(transaction.CardId), Encoding.UTF8.GetString(transaction.UserId));

    private OutputRecord Record(in Transaction transaction, byte[] body, ReplyTo waiter, HttpRequest request)
    {
        var replyTo = new OutputHeader(RecordHeaders.ReplyTo, waiter.ToHeader());
        var trace = request.Headers.TraceParent.ToString() is { Length: > 0 and <= MaxTraceParentChars } given ? given : Activity.Current?.Id;
        OutputHeader[] headers = trace is null ? [replyTo] : [replyTo, new OutputHeader(RecordHeaders.TraceParent, Encoding.UTF8.GetBytes(trace))];
        return new OutputRecord(topics.Transactions, transaction.UserId.ToArray(), body, headers);
    }

    private sealed class RequestAppend : AppendObserver
    {
        private readonly TaskCompletionSource<string> failure = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task<string> Failure => failure.Task;

        public override void Appended()
        {
        }

        public override void Failed(AppendFailure failure, string detail) => this.failure.TrySetResult(detail);
    }
}
