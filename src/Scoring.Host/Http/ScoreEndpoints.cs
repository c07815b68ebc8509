using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.Actors.Telemetry;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>Scores that are made on request, by way of the input log.</summary>
internal static class ScoreEndpoints
{
    private const string Json = "application/json";
    private const int MaxTraceParentChars = 512;

    private static readonly TimeSpan LedgerPoll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LedgerTimeout = TimeSpan.FromMilliseconds(500);

    internal static void Map(IEndpointRouteBuilder routes, ScoringNode node, IMeterFactory meters)
    {
        var conflicts = meters.Create(ScoringMeter.Name).CreateCounterAtZero("scoring.http.conflicts", "{call}", "Calls refused because another transaction has their user, card and id");
        routes.MapPost("/v1/score", async (HttpRequest request) => Counted(await ScoreAsync(node, request), conflicts))
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

    private static async Task<IResult> ScoreAsync(ScoringNode node, HttpRequest request)
    {
        // 1. Read and check it.
        var (body, problem) = await RequestBody.ReadAsync(request, node.Options.Decode.MaxValueBytes, request.HttpContext.RequestAborted);
        if (body is null)
            return problem!;
        if ((node.Decoder.Decode(body, out var transaction) ?? node.Decoder.Rules.CheckNodeTime(transaction.EventTimeMicros, EventTime.Of(node.Time.GetUtcNow()))) is { } rejection)
            return Problems.Invalid(rejection);

        // 2. A repeat gets the first score.
        if (await TryFindAsync(node, transaction, request.HttpContext.RequestAborted) is { } first)
            return first;

        // 3. Append it to the log, and wait for what its shard makes of it.
        if (!node.Replies.TryRegister(out var number, out var reply))
            return Problems.Unavailable($"{node.Options.Http.MaxWaitingScores} calls wait for their scores already");
        try
        {
            var append = new RequestAppend();
            if (!node.Log.TryAppend(Record(node, transaction, body, number, request), append))
                return Problems.Unavailable("the producer's queue is full");
            return await WaitAsync(node, transaction, append, reply, request.HttpContext.RequestAborted);
        }
        finally
        {
            node.Replies.Forget(number);
        }
    }

    private static async Task<IResult> WaitAsync(ScoringNode node, Transaction transaction, RequestAppend append, Task<Reply> reply, CancellationToken aborted)
    {
        var timeout = node.Options.Http.ScoreTimeout;
        var started = node.Time.GetTimestamp();
        while (node.Time.GetElapsedTime(started) < timeout)
        {
            // Another node may own the shard, or the transaction may be a repeat: then the score comes by the ledger.
            await Task.WhenAny(reply.IsCompleted ? Task.Delay(LedgerPoll, node.Time, aborted) : reply, append.Failure, Task.Delay(LedgerPoll, node.Time, aborted));
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

            if (await TryFindAsync(node, transaction, aborted) is { } recorded)
                return recorded;
        }

        return Problems.TimedOut(Identity(transaction), timeout);
    }

    // Scoring does not need the ledger: while it is away a transaction is scored, and its repeat is not scored again.
    private static async ValueTask<IResult?> TryFindAsync(ScoringNode node, Transaction transaction, CancellationToken aborted)
    {
        using var limit = new CancellationTokenSource(LedgerTimeout, node.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, aborted);
        try
        {
            return await node.Ledger.FindAsync(Identity(transaction), IdPosition.Start, 1, either.Token) is [var score, ..] ? Scored(score, transaction) : null;
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

    private static OutputRecord Record(ScoringNode node, in Transaction transaction, byte[] body, long number, HttpRequest request)
    {
        var replyTo = new OutputHeader(RecordHeaders.ReplyTo, Encoding.UTF8.GetBytes($"{node.Options.NodeId}:{number}"));
        var trace = request.Headers.TraceParent.ToString() is { Length: > 0 and <= MaxTraceParentChars } given ? given : Activity.Current?.Id;
        OutputHeader[] headers = trace is null ? [replyTo] : [replyTo, new OutputHeader(RecordHeaders.TraceParent, Encoding.UTF8.GetBytes(trace))];
        return new OutputRecord(node.Topics.Transactions, transaction.UserId.ToArray(), body, headers);
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
