using System.CommandLine;
using System.Text.Json;
using Scoring.Host.Commands;

namespace Scoring.Tests.Producer.Commands;

public sealed class DemoCommandTests : IDisposable
{
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("scoring-demo");

    public void Dispose()
    {
        folder.Delete(recursive: true);
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public async Task With_json_the_output_is_one_line_and_the_progress_goes_to_the_error_output_without_escapes()
    {
        var host = new EchoDemoHost(_ => 1);

        var status = await InvokeAsync(host, "--for", "3s", "--rate", "300", "--malformed-share", "0.02", "--duplicate-share", "0.02", "--json");

        Assert.True(status == 0, output + error.ToString());
        Assert.True(host.IsStopped);
        using var json = JsonDocument.Parse(Assert.Single(output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal(900, json.RootElement.GetProperty("sent").GetInt64());
        Assert.Equal(json.RootElement.GetProperty("valid").GetInt64(), json.RootElement.GetProperty("scored").GetInt64());
        Assert.Equal(json.RootElement.GetProperty("malformed").GetInt64(), json.RootElement.GetProperty("deadLettered").GetInt64());
        Assert.True(json.RootElement.GetProperty("malformed").GetInt64() > 0);
        Assert.Contains("sending", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("p99.9", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', error.ToString());
    }

    [Fact]
    public async Task A_missing_score_fails_the_demo_and_is_reported()
    {
        var status = await InvokeAsync(new EchoDemoHost(id => id.EndsWith("-5", StringComparison.Ordinal) ? 0 : 1), "--for", "500ms", "--rate", "100", "--drain", "1s");

        Assert.Equal(1, status);
        Assert.Contains("Not everything is accounted for", output.ToString(), StringComparison.Ordinal);
        Assert.Matches(@"missing scores\s+1\b", output.ToString());
        Assert.DoesNotContain('\u001b', output.ToString());
    }

    [Fact]
    public async Task A_file_is_played_to_its_end_as_fast_as_it_goes()
    {
        var file = Path.Combine(folder.FullName, "set.csv");
        Assert.Equal(0, await new RootCommand { ProduceCommand.Create() }.Parse(["produce", "--dataset", file, "--days", "2", "--customers", "200"]).InvokeAsync(Configuration()));
        var rows = File.ReadLines(file).Count() - 1;
        output.GetStringBuilder().Clear();

        var status = await InvokeAsync(new EchoDemoHost(_ => 1), "--input", file, "--map", Path.Combine(AppContext.BaseDirectory, "features", "simulator.map.yaml"), "--json");

        Assert.True(status == 0, output + error.ToString());
        using var json = JsonDocument.Parse(output.ToString());
        Assert.Equal(rows, json.RootElement.GetProperty("scored").GetInt64());
    }

    [Theory]
    [InlineData("id,card,amount,time\nt-1,c-1,twelve,2026-03-01T12:00:00Z\n", "none of the 1 rows of rows.csv is a transaction; is rows.yaml the map of this file?")]
    [InlineData("id,card,amount,time\nt-1,4111111111111111,12,2026-03-01T12:00:00Z\n", "none of the 1 rows of rows.csv is a transaction; is rows.yaml the map of this file?")]
    [InlineData("id,card,amount,time\n", "rows.csv has no rows")]
    public async Task A_file_without_a_transaction_fails_the_demo_with_a_hint(string rows, string hint)
    {
        var (file, map) = (Path.Combine(folder.FullName, "rows.csv"), Path.Combine(folder.FullName, "rows.yaml"));
        await File.WriteAllTextAsync(file, rows);
        await File.WriteAllTextAsync(map, "columns: { transactionId: id, cardId: card, amount: amount, eventTime: time }\n");

        var status = await InvokeAsync(new EchoDemoHost(_ => 1), "--input", file, "--map", map, "--drain", "1s");

        Assert.Equal(1, status);
        Assert.Contains($"demo: nothing was done: {hint}", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Every valid transaction was scored", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_set_without_a_transaction_fails_with_a_hint()
    {
        var file = Path.Combine(folder.FullName, "set.csv");

        var status = await new RootCommand { ProduceCommand.Create() }.Parse(["produce", "--dataset", file, "--days", "0.0001", "--customers", "1"]).InvokeAsync(Configuration());

        Assert.Equal(1, status);
        Assert.Contains("produce: nothing was done: the run had no transaction", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--input without its map", "--input", "x.csv")]
    [InlineData("rate is -1", "--rate", "-1")]
    [InlineData("malformed share is 2", "--malformed-share", "2")]
    public async Task Wrong_options_are_refused_before_the_service_starts(string why, params string[] args)
    {
        var status = await new RootCommand { DemoCommand.Create(() => throw new InvalidOperationException("started")) }
            .Parse(["demo", .. args]).InvokeAsync(Configuration());

        Assert.Equal(2, status);
        Assert.Contains(why == "--input without its map" ? "needs --map" : why, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_duration_without_a_unit_is_refused_with_what_would_be_right()
    {
        var status = await InvokeAsync(new EchoDemoHost(_ => 1), "--for", "20");

        Assert.NotEqual(0, status);
        Assert.Contains("write 20s for seconds", error.ToString(), StringComparison.Ordinal);
    }

    private Task<int> InvokeAsync(EchoDemoHost host, params string[] args) =>
        new RootCommand { DemoCommand.Create(() => host) }.Parse(["demo", .. args]).InvokeAsync(Configuration());

    private InvocationConfiguration Configuration() => new() { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
}
