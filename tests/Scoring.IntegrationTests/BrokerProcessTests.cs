using Scoring.Servers;

namespace Scoring.IntegrationTests;

/// <summary>`scoring broker`, shared by processes.</summary>
public sealed class BrokerProcessTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("scoring-broker-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Two_nodes_share_a_broker_of_its_own_process_which_ends_when_asked()
    {
        var file = Path.Combine(folder, "address");
        await using var broker = ServeProcess.Run("broker", "--partitions", "2", "--topic-prefix", "eu.", "--address-file", file);
        await Eventually.TrueAsync(() => File.Exists(file), "the broker tells its address");
        var address = await File.ReadAllTextAsync(file);

        int[] contacts = [FreePort.Take(), FreePort.Take()];
        string[] SettingsOf(int node) =>
        [
            .. ServeProcess.SettingsFor(address, "eu."),
            $"--Scoring:State:Path={Path.Combine(folder, "state.db")}",
            "--Scoring:Cluster:Discovery=ContactPoints",
            "--Scoring:Cluster:RequiredContactPoints=2",
            $"--Scoring:Cluster:Port={FreePort.Take()}",
            $"--Scoring:Cluster:ManagementPort={contacts[node]}",
            .. contacts.Select((port, i) => $"--Scoring:Cluster:ContactPoints:{i}=127.0.0.1:{port}"),
        ];
        await using (var first = ServeProcess.Start(SettingsOf(0)))
        await using (var second = ServeProcess.Start(SettingsOf(1)))
        using (var client = new TestClient(address, "eu."))
        {
            for (var i = 0; i < 100; i++)
                client.SendTo("transactions", $"c-{i}", $$"""{"transactionId":"t-{{i}}","cardId":"c-{{i}}","amount":1,"eventTime":1772366400000}""");
            client.Flush();
            Assert.Equal(100, client.Read("scores", 100).Count);
        }

        broker.AskToStop();
        await broker.AssertExitsAsync(0);
        Assert.Equal(address, broker.Output.Trim());
    }

    [Theory]
    [InlineData("--partitions", "0")]
    [InlineData("--topic", "transactions")]
    [InlineData("--address-file", "/nowhere/at/all")]
    public async Task A_broker_that_cannot_be_as_asked_says_so_and_ends(params string[] arguments)
    {
        await using var broker = ServeProcess.Run(["broker", .. arguments]);
        await broker.AssertExitsAsync(1);
        Assert.NotEqual("", broker.Errors.Trim());
    }
}
