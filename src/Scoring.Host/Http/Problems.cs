using Microsoft.AspNetCore.Http.HttpResults;
using Scoring.Actors.Ledger;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>The problem details (RFC 9457) of this service.</summary>
internal static class Problems
{
    internal static ProblemHttpResult NotFound(string what) =>
        TypedResults.Problem(title: "Not found", detail: what, statusCode: StatusCodes.Status404NotFound);

    internal static ProblemHttpResult Invalid(Rejection rejection) => TypedResults.Problem(
        title: rejection.Reason == RejectReason.IdentityConflict ? "The id is another transaction's" : "The transaction is not valid",
        detail: rejection.Detail,
        statusCode: rejection.Reason switch
        {
            RejectReason.TooLarge => StatusCodes.Status413PayloadTooLarge,
            RejectReason.IdentityConflict => StatusCodes.Status422UnprocessableEntity,
            _ => StatusCodes.Status400BadRequest,
        },
        extensions: new Dictionary<string, object?>
        {
            ["reason"] = rejection.Reason.Code(),
            ["errors"] = rejection.Fields.ToDictionary(f => f.Field, f => (string[])[f.Message]),
            ["reasons"] = rejection.Fields.ToDictionary(f => f.Field, f => f.Reason.Code()),
        });

    internal static ProblemHttpResult InvalidParameter(string name, string message) => TypedResults.Problem(
        title: "A parameter is not valid",
        detail: $"{name}: {message}",
        statusCode: StatusCodes.Status400BadRequest,
        extensions: new Dictionary<string, object?> { ["errors"] = new Dictionary<string, string[]> { [name] = [message] } });

    internal static ProblemHttpResult Unavailable(string detail) =>
        TypedResults.Problem(title: "Not available now", detail: detail, statusCode: StatusCodes.Status503ServiceUnavailable);

    internal static ProblemHttpResult UnsupportedEncoding(string encoding, string taken) => TypedResults.Problem(
        title: "The body's encoding is not taken",
        detail: $"Content-Encoding: '{encoding}' is not taken; send the body as it is, or with {taken}",
        statusCode: StatusCodes.Status415UnsupportedMediaType);

    internal static ProblemHttpResult TimedOut(in ScoreSearch search, TimeSpan timeout) => TypedResults.Problem(
        title: "The score is not there yet",
        detail: $"The transaction is in the input log, but its score did not come within {timeout}; ask GET {ScoreQueries.PathOf(search)} later, or send it again as it is",
        statusCode: StatusCodes.Status504GatewayTimeout);
}
