namespace Scoring.Host.Http;

/// <summary>
/// HEAD wherever GET is (RFC 9110, 9.3.2): routed and answered as GET. The server has read what the request line says, and
/// leaves the body out itself.
/// </summary>
internal static class HeadRequests
{
    /// <summary>Lets GET's endpoints answer HEAD. It stands before the routing.</summary>
    /// <param name="app">Where.</param>
    internal static void UseHead(this IApplicationBuilder app) => app.Use(AnswerAsync);

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await next(context);
            return;
        }

        context.Request.Method = HttpMethods.Get;
        try
        {
            await next(context);
        }
        finally
        {
            context.Request.Method = HttpMethods.Head;
        }
    }
}
