using Scoring.Servers;

namespace Scoring.IntegrationTests.Telemetry;

/// <summary>A node with everything embedded, in a process with an environment of its own.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private readonly ServeProcess process;

    private NodeProcess(ServeProcess process, string address)
    {
        this.process = process;
        Http = new HttpClient { BaseAddress = new Uri(address) };
    }

    public HttpClient Http { get; }

    public string Errors => process.Errors;

    public static async Task<NodeProcess> StartAsync(Dictionary<string, string> environment)
    {
        var address = $"http://127.0.0.1:{FreePort.Take()}";
        var node = new NodeProcess(ServeProcess.Run(environment, "serve", $"--Scoring:Http:Urls={address}"), address);
        await Eventually.TrueAsync(node.IsReadyAsync, "the node is ready");
        return node;
    }

    public async Task StopAsync()
    {
        process.AskToStop();
        await process.AssertExitsAsync(0);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await process.DisposeAsync();
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            return (await Http.GetAsync("/health/ready")).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
