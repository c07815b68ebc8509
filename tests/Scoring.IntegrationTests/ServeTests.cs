namespace Scoring.IntegrationTests;

public class ServeTests
{
    [Fact]
    public async Task A_node_that_nobody_gave_a_Kafka_warns_that_payments_are_lost_at_exit()
    {
        await using var process = ServeProcess.Start("--Scoring:Http:Urls=http://127.0.0.1:0");
        await Eventually.TrueAsync(() => process.Errors.Contains("is live with fence", StringComparison.Ordinal), "a shard is live");
        process.AskToStop();
        await process.AssertExitsAsync(0);
        var warnings = process.Errors.Split('\n').Where(l => l.StartsWith("warn: ", StringComparison.Ordinal)).ToList();
        Assert.Contains(warnings, l => l.Contains("all payments are lost at exit", StringComparison.Ordinal) && l.Contains("Scoring:Kafka:BootstrapServers", StringComparison.Ordinal));
        Assert.Contains(warnings, l => l.Contains("The state of the shards is in a temporary file and lost at exit; Scoring:State:Path", StringComparison.Ordinal));
        Assert.Contains(warnings, l => l.Contains("The ledger is in a temporary file and lost at exit; Scoring:Ledger:Path", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Everything_that_nothing_reads_is_refused_in_one_message()
    {
        await using var process = ServeProcess.Start("--Scoring:Kafka:BootstrapServer=kafka:9092", "--bootstrap-servers=kafka:9092", "--Scoring:Http:Urls", "http://127.0.0.1:0");
        await process.AssertExitsAsync(2);
        Assert.Contains("Scoring:Kafka:BootstrapServer (on the command line): nothing reads this setting; did you mean Scoring:Kafka:BootstrapServers?", process.Errors, StringComparison.Ordinal);
        Assert.Contains("'--bootstrap-servers=kafka:9092': nothing reads this argument; did you mean --Scoring:Kafka:BootstrapServers=VALUE?", process.Errors, StringComparison.Ordinal);
        Assert.Contains("'--Scoring:Http:Urls': has no value", process.Errors, StringComparison.Ordinal);
    }
}
