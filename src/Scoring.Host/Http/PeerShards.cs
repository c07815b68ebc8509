using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Scoring.Actors.State;
using Scoring.Actors.Telemetry;
using Scoring.Host.Options;

namespace Scoring.Host.Http;

/// <summary>What a node is asked about a card in one of its shards.</summary>
/// <param name="CardId">The card.</param>
/// <param name="UserIds">The users, all of that shard.</param>
internal sealed record CardQuestion(string CardId, IReadOnlyList<string> UserIds);

/// <summary>
/// The shards of all nodes as the store lists them, read at most once a second, and their owners' answers. A question to
/// an owner is about one shard and is never passed on, so none can go round in circles.
/// </summary>
internal sealed class PeerShards : IDisposable
{
    private const int MaxConnections = 16;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(1);

    private static readonly KeyValuePair<string, object?> Answered = KeyValuePair.Create<string, object?>("outcome", "ok");
    private static readonly KeyValuePair<string, object?> Failed = KeyValuePair.Create<string, object?>("outcome", "failed");

    private readonly ISnapshotStore store;
    private readonly TimeProvider time;
    private readonly HttpClient client;
    private readonly Counter<long> forwarded;
    private readonly SemaphoreSlim gate = new(1);
    private volatile IReadOnlyList<ShardRow>? rows;
    private long readAt;

    /// <summary>Makes the client of the other nodes.</summary>
    /// <param name="store">Lists the shards.</param>
    /// <param name="options">How long an answer may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meters">Where the questions are counted.</param>
    public PeerShards(ISnapshotStore store, IOptions<HttpOptions> options, TimeProvider time, IMeterFactory meters)
    {
        var forwardTimeout = options.Value.ForwardTimeout;
        this.store = store;
        this.time = time;
        // A name may come to mean another machine.
        var connections = new SocketsHttpHandler { MaxConnectionsPerServer = MaxConnections, ConnectTimeout = forwardTimeout, PooledConnectionLifetime = TimeSpan.FromMinutes(1), UseProxy = false };
        client = new HttpClient(connections) { Timeout = forwardTimeout };
        forwarded = meters.Create(ScoringMeter.Name).CreateCounterAtZero("scoring.http.forwarded", "{request}", "Questions asked of the nodes that own a shard", Answered, Failed);
    }

    /// <summary>Where a shard's owner answers.</summary>
    internal const string Route = "/v1/shards/{partition:int}/features";

    /// <summary>Lists the shards that any node ever owned.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="SnapshotStoreUnavailableException">The store does not answer in time.</exception>
    internal async Task<IReadOnlyList<ShardRow>> RowsAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(ReadTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await gate.WaitAsync(either.Token);
            try
            {
                if (rows is { } known && time.GetElapsedTime(readAt) <= Fresh)
                    return known;
                var read = await store.ShardsAsync(either.Token);
                (rows, readAt) = (read, time.GetTimestamp());
                return read;
            }
            finally
            {
                gate.Release();
            }
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new SnapshotStoreUnavailableException($"the list of shards did not come within {ReadTimeout}", e);
        }
    }

    /// <summary>Reads the list anew the next time: an owner did not answer as one.</summary>
    internal void Forget() => rows = null;

    /// <summary>Asks a shard's owner.</summary>
    /// <param name="partition">The shard.</param>
    /// <param name="address">Its owner's address.</param>
    /// <param name="question">The question.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The answer, or why there is none.</returns>
    internal async Task<(IReadOnlyList<CardFeaturesEntry> Entries, string? Problem)> AskAsync(int partition, Uri address, CardQuestion question, CancellationToken cancellation)
    {
        var outcome = Failed;
        try
        {
            using var answer = await client.PostAsJsonAsync(new Uri(address, $"/v1/shards/{partition}/features"), question, cancellation);
            if (!answer.IsSuccessStatusCode)
                return ([], $"it answered with status {(int)answer.StatusCode}");
            var document = await answer.Content.ReadFromJsonAsync<CardFeaturesDocument>(cancellation);
            outcome = Answered;
            return (document!.Entries, null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ([], $"it did not answer within {client.Timeout}");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException)
        {
            return ([], e.Message);
        }
        finally
        {
            forwarded.Add(1, outcome);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        client.Dispose();
        gate.Dispose();
    }
}
