using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Akka.Actor;
using Akka.Configuration;
using Akka.Discovery;

namespace Scoring.Host.Cluster;

/// <summary>
/// Finds members by the pods that the Kubernetes API lists, with the rights of the pod's service account. Akka's own discovery was built
/// against a KubernetesClient that is not served any more, and fails with the next one on its first list.
/// </summary>
internal sealed class KubernetesPods : ServiceDiscovery
{
    /// <summary>Its name among the methods of discovery.</summary>
    internal const string Method = "kubernetes-pods";

    // Where a cluster puts what a pod's account is known by, and where it says that its API is.
    private const string AccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string HostVariable = "KUBERNETES_SERVICE_HOST";
    private const string PortVariable = "KUBERNETES_SERVICE_PORT";

    private readonly string api;
    private readonly string account;
    private readonly string podNamespace;
    private readonly string labels;

    /// <summary>As Akka makes it.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="config">Its section, as <see cref="Configuration"/> has it.</param>
    public KubernetesPods(ExtendedActorSystem system, Config config)
    {
        _ = system;
        (api, account) = (config.GetString("api"), config.GetString("account"));
        (podNamespace, labels) = (config.GetString("namespace"), config.GetString("labels"));
    }

    /// <summary>What the actor system has to be configured with.</summary>
    /// <param name="options">Which pods.</param>
    internal static Config Configuration(ClusterOptions options)
    {
        var (host, port) = (Environment.GetEnvironmentVariable(HostVariable), Environment.GetEnvironmentVariable(PortVariable));
        var api = int.TryParse(port, out var number) && !string.IsNullOrEmpty(host) ? new UriBuilder(Uri.UriSchemeHttps, host, number).Uri.ToString() : "";
        return ConfigurationFactory.ParseString($$"""
            akka.discovery {
                method = {{Method}}
                {{Method}} {
                    class = "{{typeof(KubernetesPods).FullName}}, {{typeof(KubernetesPods).Assembly.GetName().Name}}"
                    api = "{{api}}"
                    account = "{{AccountFolder}}"
                    namespace = {{JsonSerializer.Serialize(options.PodNamespace)}}
                    labels = {{JsonSerializer.Serialize(options.PodLabelSelector)}}
                }
            }
            """);
    }

    /// <inheritdoc/>
    /// <exception cref="HttpRequestException">The API does not answer, or refuses.</exception>
    /// <exception cref="TimeoutException">It does not answer in time.</exception>
    /// <exception cref="IOException">This is no pod with an account.</exception>
    public override async Task<Resolved> Lookup(Lookup lookup, TimeSpan resolveTimeout)
    {
        if (api.Length == 0)
            throw new IOException($"{HostVariable} and {PortVariable} do not say where the Kubernetes API is; this is no pod");
        using var limit = new CancellationTokenSource(resolveTimeout);
        try
        {
            return new Resolved(lookup.ServiceName, [.. Targets(await ListAsync(limit.Token), lookup.PortName)]);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new TimeoutException($"the Kubernetes API at {api} did not answer within {resolveTimeout}");
        }
    }

    // Everything is read anew: tokens and authorities are replaced while a pod runs, and once it is a member it asks no more.
    private async Task<byte[]> ListAsync(CancellationToken cancellation)
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(Path.Combine(account, "ca.crt"));
        using var handler = new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = trust }, UseProxy = false };
        using var client = new HttpClient(handler);
        var where = podNamespace.Length > 0 ? podNamespace : await ReadAsync("namespace", cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(api), $"/api/v1/namespaces/{Uri.EscapeDataString(where)}/pods?labelSelector={Uri.EscapeDataString(labels)}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await ReadAsync("token", cancellation));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await client.SendAsync(request, cancellation);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"the Kubernetes API answers {(int)response.StatusCode} for the pods of namespace {where} with {labels}; the service account has to be let list them", null, response.StatusCode);
        return await response.Content.ReadAsByteArrayAsync(cancellation);
    }

    private async Task<string> ReadAsync(string file, CancellationToken cancellation) => (await File.ReadAllTextAsync(Path.Combine(account, file), cancellation)).Trim();

    private static List<ResolvedTarget> Targets(byte[] pods, string portName)
    {
        using var list = JsonDocument.Parse(pods);
        return [.. Items(list.RootElement, "items").Select(p => Target(p, portName)).OfType<ResolvedTarget>()];
    }

    // A pod that is asked to end would be joined only to be left.
    private static ResolvedTarget? Target(JsonElement pod, string portName)
    {
        var status = Member(pod, "status");
        if (Text(status, "phase") != "Running" || Text(Member(pod, "metadata"), "deletionTimestamp") is not null || !IPAddress.TryParse(Text(status, "podIP"), out var address))
            return null;
        var port = Items(Member(pod, "spec"), "containers").SelectMany(c => Items(c, "ports")).FirstOrDefault(p => Text(p, "name") == portName);
        return Member(port, "containerPort") is { ValueKind: JsonValueKind.Number } number ? new ResolvedTarget(address.ToString(), number.GetInt32(), address) : null;
    }

    private static JsonElement Member(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    private static List<JsonElement> Items(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.Array } array ? [.. array.EnumerateArray()] : [];

    private static string? Text(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
