using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Xml.Linq;
using Scoring.Tests.Features;

namespace Scoring.Tests.Deployment;

/// <summary>The Dockerfile, what it copies, and the check that the image carries.</summary>
public class ImageTests
{
    private static readonly string[] Lines = File.ReadAllText(Path.Combine(Repository.Root, "Dockerfile")).Replace("\\\n", " ", StringComparison.Ordinal).Split('\n');

    [Fact]
    public void The_image_listens_where_it_says_and_is_checked()
    {
        Assert.Contains($"Scoring__Http__Urls=http://*:{Last("EXPOSE")}", Last("ENV"), StringComparison.Ordinal);
        Assert.Contains($"\"{Last("EXPOSE")}\"", Last("HEALTHCHECK"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_image_and_the_chart_run_as_the_same_user_who_is_not_root()
    {
        var values = YamlTree.Parse(File.ReadAllText(Path.Combine(Repository.Root, "helm", "scoring", "values.yaml")));
        Assert.Equal(Last("USER"), values.Text("podSecurityContext", "runAsUser"));
        Assert.NotEqual("0", Last("USER"));
    }

    [Fact]
    public void Every_project_of_the_host_is_restored_before_its_code_is_copied()
    {
        var restored = Copied().Where(p => p.EndsWith(".csproj", StringComparison.Ordinal));
        Assert.Equal(Projects("src/Scoring.Host/Scoring.Host.csproj").Distinct().Order(StringComparer.Ordinal), restored.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_the_image_is_built_from_reaches_the_builder()
    {
        var let = File.ReadLines(Path.Combine(Repository.Root, ".dockerignore")).Where(l => l.StartsWith('!')).Select(l => l[1..]).ToHashSet();
        Assert.All(Copied(), path =>
        {
            Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), $"{path} is not there");
            Assert.Contains(path.Split('/')[0], let);
        });
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}", 0)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"detail\":\"the node has not joined the cluster yet\"}", 1)]
    [InlineData("", 1)]
    public async Task The_check_passes_only_a_node_that_says_it_is_ready(string answer, int status)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var node = AnswerAsync(listener, answer);
        Assert.Equal(status, await CheckAsync(port));
        Assert.StartsWith("GET /health/ready HTTP/1.1\r\n", await node, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_check_fails_where_nobody_listens()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        Assert.NotEqual(0, await CheckAsync(port));
    }

    private static async Task<string> AnswerAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var asked = new byte[1_024];
        var count = await client.GetStream().ReadAsync(asked);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
        return Encoding.ASCII.GetString(asked, 0, count);
    }

    private static async Task<int> CheckAsync(int port)
    {
        using var check = Process.Start(new ProcessStartInfo(Path.Combine(Repository.Root, "docker", "healthy"), ["127.0.0.1", $"{port}"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        await check.WaitForExitAsync();
        return check.ExitCode;
    }

    private static string Last(string instruction) => Lines.Last(l => l.StartsWith(instruction + " ", StringComparison.Ordinal))[instruction.Length..].Trim();

    private static IEnumerable<string> Copied() => Lines
        .Where(l => l.StartsWith("COPY ", StringComparison.Ordinal) && !l.Contains("--from=", StringComparison.Ordinal))
        .SelectMany(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).SkipLast(1));

    private static IEnumerable<string> Projects(string project)
    {
        var folder = Path.GetDirectoryName(project)!;
        var references = XDocument.Load(Path.Combine(Repository.Root, project)).Descendants("ProjectReference").Select(r => r.Attribute("Include")!.Value);
        return references.SelectMany(r => Projects(Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, folder, r))))).Append(project);
    }
}
