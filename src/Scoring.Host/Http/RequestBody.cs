using System.IO.Compression;
using Scoring.Models.Wire;

namespace Scoring.Host.Http;

/// <summary>
/// A request's body, whole, within a bound that counts the bytes as they are once decoded: what a few bytes unfold to is
/// read no further than that.
/// </summary>
internal static class RequestBody
{
    // As the header says it. Others would be one more parser each of what anybody sends; br also takes 16 MiB for a window.
    private const string Encoding = "gzip";

    /// <summary>Reads the body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">How long it may be.</param>
    /// <param name="aborted">The caller has gone.</param>
    /// <returns>The body; null with the answer to give instead.</returns>
    internal static async Task<(byte[]? Body, IResult? Problem)> ReadAsync(HttpRequest request, int maxBytes, CancellationToken aborted)
    {
        switch (EncodingsOf(request))
        {
            case []:
                return request.ContentLength > maxBytes ? TooLarge(maxBytes) : await ReadAsync(request.Body, maxBytes, aborted);
            case [Encoding or "x-gzip"]:
                return await ReadGzipAsync(request.Body, maxBytes, aborted);
            default:
                request.HttpContext.Response.Headers.AcceptEncoding = Encoding;
                return (null, Problems.UnsupportedEncoding(request.Headers.ContentEncoding.ToString(), Encoding));
        }
    }

    private static string[] EncodingsOf(HttpRequest request) =>
    [
        .. request.Headers.ContentEncoding.ToString().ToLowerInvariant()
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Where(e => e != "identity"),
    ];

    private static async Task<(byte[]? Body, IResult? Problem)> ReadGzipAsync(Stream body, int maxBytes, CancellationToken aborted)
    {
        await using var decoded = new GZipStream(body, CompressionMode.Decompress, leaveOpen: true);
        try
        {
            return await ReadAsync(decoded, maxBytes, aborted);
        }
        catch (InvalidDataException)
        {
            return (null, Problems.Invalid(new Rejection(RejectReason.NotJson, "the body is not gzip, which its Content-Encoding says")));
        }
    }

    private static async Task<(byte[]? Body, IResult? Problem)> ReadAsync(Stream body, int maxBytes, CancellationToken aborted)
    {
        var buffer = new byte[maxBytes + 1];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, aborted);
        return length > maxBytes ? TooLarge(maxBytes) : (buffer[..length], null);
    }

    private static (byte[]? Body, IResult? Problem) TooLarge(int maxBytes) =>
        (null, Problems.Invalid(new Rejection(RejectReason.TooLarge, $"the body is larger than {maxBytes} bytes")));
}
