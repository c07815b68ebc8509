using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Scoring.IntegrationTests.Cluster;

/// <summary>As much of the Kubernetes API as members find each other by: it lists the pods of a namespace to who may.</summary>
internal sealed class FakeKubernetes : IAsyncDisposable
{
    private const string Token = "token-of-the-account";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("scoring-kubernetes-");
    private readonly WebApplication web;
    private readonly string @namespace;
    private int pods;

    private FakeKubernetes(WebApplication web, string @namespace)
    {
        this.web = web;
        this.@namespace = @namespace;
    }

    /// <summary>The pods, as the API describes them.</summary>
    public List<object> Pods { get; } = [];

    /// <summary>What the nodes have to be told to find it here.</summary>
    public string Configuration => $$"""
        akka.discovery.kubernetes-pods {
            api = "{{web.Urls.First()}}"
            account = "{{folder.FullName}}"
        }
        """;

    public static async Task<FakeKubernetes> StartAsync(string @namespace)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var certificate = Certificate();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(certificate)));
        var fake = new FakeKubernetes(builder.Build(), @namespace);
        fake.web.MapGet("/api/v1/namespaces/{name}/pods", fake.List);
        await fake.web.StartAsync();
        await fake.TellAsync(certificate);
        return fake;
    }

    /// <summary>Adds a pod.</summary>
    /// <param name="address">Its address; null while it has none.</param>
    /// <param name="port">Its management port.</param>
    /// <param name="app">What it is a pod of.</param>
    /// <param name="isEnding">Whether it was asked to end.</param>
    public void Add(string? address, int port, string app = "scoring", bool isEnding = false)
    {
        lock (Pods)
        {
            Pods.Add(new
            {
                metadata = new { name = $"scoring-{++pods}", @namespace, labels = new Dictionary<string, string> { ["app.kubernetes.io/name"] = app }, deletionTimestamp = isEnding ? "2026-03-01T12:00:00Z" : null },
                spec = new
                {
                    containers = new object[]
                    {
                        new { name = "sidecar" },
                        new { name = "scoring", ports = new object[] { new { containerPort = 9_999 }, new { name = "http", containerPort = 8_080 }, new { name = "management", containerPort = port } } },
                    },
                },
                status = new { phase = address is null ? "Pending" : "Running", podIP = address },
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await web.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private IResult List(string name, string labelSelector, HttpRequest request)
    {
        if (request.Headers.Authorization != $"Bearer {Token}" || name != @namespace)
            return Results.Json(new { kind = "Status", apiVersion = "v1", status = "Failure", reason = "Forbidden", code = 403 }, statusCode: StatusCodes.Status403Forbidden);
        var label = labelSelector.Split('=');
        lock (Pods)
        {
            var selected = Pods.Where(p => ((dynamic)p).metadata.labels[label[0]] == label[1]).ToArray();
            return Results.Json(new { kind = "PodList", apiVersion = "v1", metadata = new { resourceVersion = "1" }, items = selected });
        }
    }

    private async Task TellAsync(X509Certificate2 certificate)
    {
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "token"), Token + "\n");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "namespace"), @namespace);
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "ca.crt"), certificate.ExportCertificatePem());
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kubernetes", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2120, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }
}
