using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>Scores: asked for by transaction or card, and made on request.</summary>
internal static class ScoreEndpoints
{
    private const string Json = "application/json";
    private const int DefaultLimit = 50;
    private const int MaxLimit = 1_000;
    private const int MaxTraceParentChars = 512;

    private static readonly TimeSpan LedgerPoll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LedgerTimeout = TimeSpan.FromMilliseconds(500);

    internal static void Map(IEndpointRouteBuilder routes, ScoringNode node)
    {
        routes.MapGet("/v1/scores/{transactionId}", (string transactionId, HttpRequest request, CancellationToken aborted) => FindAsync(node, PathText.Of(request, transactionId, 2), aborted))
            .WithName("GetScore").WithSummary("A transaction's score")
            .Produces<ScoreDocument>().ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapGet("/v1/cards/{cardId}/scores", (string cardId, string? before, string? limit, HttpRequest request, CancellationToken aborted) => OfCardAsync(node, PathText.Of(request, cardId, 2), before, limit, aborted))
            .WithName("GetCardScores").WithSummary("A card's scores, newest event first")
            .Produces<CardScoresDocument>().ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        routes.MapPost("/v1/score", (HttpRequest request) => ScoreAsync(node, request))
            .WithName("Score").WithSummary("Scores a transaction by way of the input log; a repeat of its transactionId gets the first score")
            // Any type is let in: what is no JSON is told so in terms of its fields.
            .Accepts<TransactionDocument>(Json, "*/*")
            .Produces<ScoreDocument>()
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .ProducesProblem(StatusCodes.Status504GatewayTimeout);
    }

    private static async Task<IResult> FindAsync(ScoringNode node, string transactionId, CancellationToken aborted) =>
        await node.Ledger.FindAsync(transactionId, aborted) is { } score
            ? TypedResults.Bytes(score, Json)
            : Problems.NotFound($"No score of transaction '{transactionId}' is in the ledger; a score gets there within about a second of its transaction.");

    private static async Task<IResult> OfCardAsync(ScoringNode node, string cardId, string? before, string? limit, CancellationToken aborted)
    {
        var beforeMicros = long.MaxValue;
        if (before is not null && !EventTime.TryParse(Encoding.UTF8.GetBytes(before), out beforeMicros))
            return Problems.InvalidParameter("before", "is no time; ISO 8601 with an offset is wanted (2026-03-01T12:00:00Z)");
        var count = DefaultLimit;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count is < 1 or > MaxLimit))
            return Problems.InvalidParameter("limit", $"is not between 1 and {MaxLimit}");
        var scores = await node.Ledger.OfCardAsync(cardId, beforeMicros, count, aborted);
        if (scores.Count == 0 && before is null)
            return Problems.NotFound($"No score of card '{cardId}' is in the ledger.");
        return TypedResults.Bytes(CardScores(cardId, scores), Json);
    }

    // The records are JSON already: they are put into the answer as they are.
    private static byte[] CardScores(string cardId, IReadOnlyList<byte[]> scores)
    {
        using var body = new MemoryStream();
        body.Write("{\"cardId\":"u8);
        body.Write(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(cardId));
        body.Write(",\"scores\":["u8);
        for (var i = 0; i < scores.Count; i++)
        {
            if (i > 0)
                body.WriteByte((byte)',');
            body.Write(scores[i]);
        }

        body.Write("]}"u8);
        return body.ToArray();
    }

    private static async Task<IResult> ScoreAsync(ScoringNode node, HttpRequest request)
    {
        // 1. Read and check it.
        if (await ReadBodyAsync(request, node.Options.Decode.MaxValueBytes, request.HttpContext.RequestAborted) is not { } body)
            return Problems.Invalid(new Rejection(RejectReason.TooLarge, $"the body is larger than {node.Options.Decode.MaxValueBytes} bytes"));
        var now = (node.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        if ((node.Decoder.Decode(body, out var transaction) ?? node.Decoder.CheckAhead(transaction, now)) is { } rejection)
            return Problems.Invalid(rejection);

        // 2. A repeat gets the first score.
        var transactionId = Encoding.UTF8.GetString(transaction.TransactionId);
        if (await TryFindAsync(node, transactionId, request.HttpContext.RequestAborted) is { } first)
            return TypedResults.Bytes(first, Json);

        // 3. Append it to the log, and wait for what its shard makes of it.
        if (!node.Replies.TryRegister(out var number, out var reply))
            return Problems.Unavailable($"{node.Options.Http.MaxWaitingScores} calls wait for their scores already");
        try
        {
            var append = new RequestAppend();
            if (!node.Log.TryAppend(Record(node, transaction, body, number, request), append))
                return Problems.Unavailable("the producer's queue is full");
            return await WaitAsync(node, transactionId, append, reply, request.HttpContext.RequestAborted);
        }
        finally
        {
            node.Replies.Forget(number);
        }
    }

    private static async Task<IResult> WaitAsync(ScoringNode node, string transactionId, RequestAppend append, Task<Reply> reply, CancellationToken aborted)
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

            if (await TryFindAsync(node, transactionId, aborted) is { } recorded)
                return TypedResults.Bytes(recorded, Json);
        }

        return Problems.TimedOut(transactionId, timeout);
    }

    // Scoring does not need the ledger: while it is away a transaction is scored, and its repeat is not scored again.
    private static async ValueTask<byte[]?> TryFindAsync(ScoringNode node, string transactionId, CancellationToken aborted)
    {
        using var limit = new CancellationTokenSource(LedgerTimeout, node.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, aborted);
        try
        {
            return await node.Ledger.FindAsync(transactionId, either.Token);
        }
        catch (Exception e) when (e is LedgerUnavailableException or OperationCanceledException && !aborted.IsCancellationRequested)
        {
            return null;
        }
    }

    private static OutputRecord Record(ScoringNode node, in Transaction transaction, byte[] body, long number, HttpRequest request)
    {
        var replyTo = new OutputHeader(RecordHeaders.ReplyTo, Encoding.UTF8.GetBytes($"{node.Options.NodeId}:{number}"));
        var trace = request.Headers.TraceParent.ToString() is { Length: > 0 and <= MaxTraceParentChars } given ? given : Activity.Current?.Id;
        OutputHeader[] headers = trace is null ? [replyTo] : [replyTo, new OutputHeader(RecordHeaders.TraceParent, Encoding.UTF8.GetBytes(trace))];
        return new OutputRecord(node.Topics.Transactions, transaction.UserId.ToArray(), body, headers);
    }

    private static async Task<byte[]?> ReadBodyAsync(HttpRequest request, int maxBytes, CancellationToken aborted)
    {
        if (request.ContentLength > maxBytes)
            return null;
        var buffer = new byte[maxBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, aborted);
        return length > maxBytes ? null : buffer[..length];
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
