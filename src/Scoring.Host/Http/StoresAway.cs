using Scoring.Actors.Ledger;
using Scoring.Actors.Snapshots;

namespace Scoring.Host.Http;

/// <summary>Answers that a query can't be answered now, while the database that it needs is away.</summary>
internal sealed class StoresAway : IEndpointFilter
{
    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception e) when (e is LedgerUnavailableException or SnapshotUnavailableException)
        {
            return Problems.Unavailable(e.Message);
        }
    }
}
