using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Scoring.Actors.Ledger;
using Scoring.Host.Composition;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>Scores that are asked for by a transaction's id or by a card, a page at a time.</summary>
/// <param name="ledger">The scores.</param>
/// <param name="health">Says why one may be missing.</param>
internal sealed class ScoreQueries(IScoreLedger ledger, NodeHealth health)
{
    private const string Json = "application/json";
    private const int DefaultLimit = 50;
    private const int MaxLimit = 1_000;

    // Behind the day and what parts it from the clock, which may be a space.
    private const int EndOfDay = 11;

    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(
                "/v1/scores/{transactionId}",
                (string transactionId, string? cardId, string? userId, string? limit, string? cursor, HttpRequest request, CancellationToken aborted) =>
                    FindAsync(new ScoreSearch(PathText.Of(request, transactionId, 2), cardId, userId), new Page(limit, cursor), aborted))
            .WithName("GetScore").WithSummary("A transaction's score, or the scores of all transactions that have the id")
            .WithDescription("An id is a transaction's own among those of its user and card only. Where one transaction has it, the answer is its score; where several have it, they are listed with status 300, by card and user, and cardId and userId choose.")
            .Produces<ScoreDocument>().Produces<TransactionScoresDocument>(StatusCodes.Status300MultipleChoices)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet(
                "/v1/cards/{cardId}/scores",
                (string cardId, string? before, string? limit, string? cursor, HttpRequest request, CancellationToken aborted) =>
                    OfCardAsync(PathText.Of(request, cardId, 2), before, new Page(limit, cursor), aborted))
            .WithName("GetCardScores").WithSummary("A card's scores, newest event first")
            .WithDescription("A page ends with next, the path of the page behind it, which goes on exactly there, also between events of one time; it is null on the last. before starts behind the events of a time and later.")
            .Produces<CardScoresDocument>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private async Task<IResult> FindAsync(ScoreSearch search, Page page, CancellationToken aborted)
    {
        if (search.CardId == "" || search.UserId == "")
            return Problems.InvalidParameter(search.CardId == "" ? "cardId" : "userId", "is empty; an id is wanted, or nothing of the parameter");
        if (!page.TryLimit(out var limit))
            return WrongLimit();
        var after = IdPosition.Start;
        if (page.Cursor is { } cursor && !PageCursor.TryRead(cursor, search, out after))
            return WrongCursor();
        var scores = await ledger.FindAsync(search, after, limit + 1, aborted);
        if (scores.Count == 0 && page.Cursor is null)
            return Problems.NotFound($"No score of {Named(search)} is in the ledger; a score gets there within about a second of its transaction.{Troubles()}");
        if (scores.Count == 1 && page.Cursor is null)
            return TypedResults.Bytes(scores[0], Json);
        var next = scores.Count <= limit ? null : NextPath(search, limit, KeysOf(scores[limit - 1]));
        return new ScorePage("transactionId", search.TransactionId, [.. scores.Take(limit)], next, StatusCodes.Status300MultipleChoices);
    }

    // What is not found may have been scored all the same.
    private string Troubles() => string.Concat(health.LedgerTroubles().Select(t => $" But {t}."));

    private async Task<IResult> OfCardAsync(string cardId, string? before, Page page, CancellationToken aborted)
    {
        if (!page.TryLimit(out var limit))
            return WrongLimit();
        var after = CardPosition.Start;
        if (page.Cursor is { } cursor && !PageCursor.TryRead(cursor, cardId, out after))
            return WrongCursor();
        if (before is not null)
        {
            if (!TryReadTime(before, out var micros))
                return Problems.InvalidParameter("before", "is no time; ISO 8601 with an offset is wanted (2026-03-01T12:00:00Z)");
            // Of two places to begin the later in the list.
            after = after.EventTimeMicros < micros ? after : CardPosition.Before(micros);
        }

        var scores = await ledger.OfCardAsync(cardId, after, limit + 1, aborted);
        if (scores.Count == 0 && before is null && page.Cursor is null)
            return Problems.NotFound($"No score of card '{cardId}' is in the ledger.{Troubles()}");
        var next = scores.Count <= limit ? null : NextPath(cardId, limit, KeysOf(scores[limit - 1]));
        return new ScorePage("cardId", cardId, [.. scores.Take(limit)], next, StatusCodes.Status200OK);
    }

    // The plus of an offset arrives as a space where the caller did not encode it: HTML's forms made it mean one.
    private static bool TryReadTime(string text, out long micros)
    {
        var meant = text.Length <= EndOfDay ? text : text[..EndOfDay] + text[EndOfDay..].Replace(' ', '+');
        return EventTime.TryParse(Encoding.UTF8.GetBytes(meant), out micros);
    }

    private static string NextPath(string cardId, int limit, in ScoreKeys last) => string.Create(
        CultureInfo.InvariantCulture,
        $"/v1/cards/{Uri.EscapeDataString(cardId)}/scores?limit={limit}&cursor={PageCursor.Of(cardId, new CardPosition(last.EventTimeMicros, last.TransactionId, last.UserId))}");

    private static string NextPath(in ScoreSearch search, int limit, in ScoreKeys last) => string.Create(
        CultureInfo.InvariantCulture,
        $"{PathOf(search)}{(search.CardId is null && search.UserId is null ? '?' : '&')}limit={limit}&cursor={PageCursor.Of(search, new IdPosition(last.CardId, last.UserId))}");

    /// <summary>Where a transaction's score can be asked for.</summary>
    /// <param name="search">The transaction.</param>
    internal static string PathOf(in ScoreSearch search)
    {
        var chosen = new[] { ("cardId", search.CardId), ("userId", search.UserId) }.Where(c => c.Item2 is not null).Select(c => $"{c.Item1}={Uri.EscapeDataString(c.Item2!)}");
        return $"/v1/scores/{Uri.EscapeDataString(search.TransactionId)}{(search.CardId is null && search.UserId is null ? "" : "?")}{string.Join('&', chosen)}";
    }

    private static string Named(in ScoreSearch search) =>
        $"transaction '{search.TransactionId}'{(search.CardId is { } card ? $" of card '{card}'" : "")}{(search.UserId is { } user ? $" of user '{user}'" : "")}";

    // The projection writes nothing else.
    private static ScoreKeys KeysOf(byte[] score) =>
        ScoreKeys.TryRead(score, out var keys) ? keys : throw new InvalidOperationException("a record in the ledger is no score");

    private static ProblemHttpResult WrongLimit() => Problems.InvalidParameter("limit", $"is not between 1 and {MaxLimit}");

    private static ProblemHttpResult WrongCursor() =>
        Problems.InvalidParameter("cursor", "is not one that this question's answers gave; take the whole path in next, or leave it out to begin anew");

    private readonly record struct Page(string? Limit, string? Cursor)
    {
        internal bool TryLimit(out int limit)
        {
            limit = DefaultLimit;
            return Limit is null || (int.TryParse(Limit, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxLimit);
        }
    }

    /// <summary>A page of scores. The records are JSON already: they are put into the answer as they are.</summary>
    private sealed class ScorePage(string name, string value, IReadOnlyList<byte[]> scores, string? next, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var body = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(body))
            {
                json.WriteStartObject();
                json.WriteString(name, value);
                json.WriteStartArray("scores");
                foreach (var score in scores)
                    json.WriteRawValue(score, skipInputValidation: true);
                json.WriteEndArray();
                json.WriteString("next", next);
                json.WriteEndObject();
            }

            httpContext.Response.StatusCode = status;
            httpContext.Response.ContentType = Json;
            httpContext.Response.ContentLength = body.WrittenCount;
            return httpContext.Response.Body.WriteAsync(body.WrittenMemory, httpContext.RequestAborted).AsTask();
        }
    }
}
