using Microsoft.AspNetCore.Http.Features;

namespace Scoring.Host.Http;

/// <summary>Reads ids from a request's path.</summary>
internal static class PathText
{
    private const string EncodedSlash = "%2F";

    /// <summary>
    /// A segment as the caller meant it. The server leaves an encoded slash as it is, so that it does not split the
    /// path, and the router's value can't tell it from the same three characters encoded: the request's own text can.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="routed">The router's value.</param>
    /// <param name="segment">Which segment of the path it is, counted from 0.</param>
    internal static string Of(HttpRequest request, string routed, int segment)
    {
        if (!routed.Contains(EncodedSlash, StringComparison.OrdinalIgnoreCase))
            return routed;
        var target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = target.Split('?')[0].Split('/');
        // The first part stands before the leading slash. A target of another form is not ours to take apart.
        return target.StartsWith('/') && path.Length > segment + 1 ? Uri.UnescapeDataString(path[segment + 1]) : routed;
    }
}
