using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using Scoring.Actors.Sql;
using Scoring.Models.Features;
using Scoring.Models.Files;
using Scoring.Models.Wire;
using Scoring.Producer.Load;
using Scoring.Servers;

namespace Scoring.IntegrationTests.Parity;

/// <summary>
/// The features that the running service scores are those that `scoring replay` writes for the same file, bit
/// for bit. By default over simulated payments; SCORING_TEST_TRANSACTIONS and SCORING_TEST_MAP name another file.
/// </summary>
public sealed class ParityTests : IDisposable
{
    private const int Ahead = 2_000;

    // Rows: up to most of a day of the simulated file, so that some come after the lateness of an hour, and no repeat
    // after the horizon of a day.
    private const int MaxLateRows = 600;
    private const int MaxRepeatRows = 100;

    private readonly string folder = Directory.CreateTempSubdirectory("scoring-parity-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("features/fraud.yaml", "models/fraud/1", 0)]
    [InlineData("features/fraud.yaml", "models/fraud/1", 0.05)]
    [InlineData("parity", "parity", 0.05)]
    public async Task The_service_scores_the_features_that_replay_writes(string features, string model, double disturbedShare)
    {
        if (features == "parity")
            (features, model) = MakeBundle();
        features = Path.GetFullPath(features, AppContext.BaseDirectory);
        var log = Path.Combine(folder, "log.jsonl");
        WriteLog(await SourceAsync(), log, disturbedShare);
        var expected = await ReplayAsync(features, log);

        using var broker = new TestBroker();
        await using var host = await RunningHost.StartAsync(broker, o => o with
        {
            Features = o.Features with { Path = features },
            Model = o.Model with { Path = model },
            Shards = o.Shards with { RecordFeatures = true },
        });
        using var client = new TestClient(broker);
        var actual = new Dictionary<string, string>();
        using var scores = client.Follow("scores");
        await PlayAsync(host, client, log, () => Collect(scores, host.Features, actual));
        await ScoredAsync(host, scores, actual, expected.Count);
        Assert.True(expected.Count > 10_000, "the file is large enough to mean something");
        foreach (var (id, row) in expected)
            Assert.Equal(row, actual[id]);
    }

    [Theory]
    [InlineData("features/fraud.yaml", "models/fraud/1", 500_000)]
    [InlineData("parity", "parity", 600)]
    public async Task The_service_stopped_under_load_and_started_again_scores_the_features_that_replay_writes(string features, string model, int entitiesInMemory)
    {
        if (features == "parity")
            (features, model) = MakeBundle();
        features = Path.GetFullPath(features, AppContext.BaseDirectory);
        var log = Path.Combine(folder, "log.jsonl");
        WriteLog(await SourceAsync(), log, 0.05);
        var expected = await ReplayAsync(features, log);
        var half = File.ReadLines(log).Count() / 2;

        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        var actual = new Dictionary<string, string>();
        using var scores = client.Follow("scores");
        await using (var first = await StartAsync())
            await PlayAsync(first, client, log, () => Collect(scores, first.Features, actual), until: half);
        await using var second = await StartAsync();
        await PlayAsync(second, client, log, () => Collect(scores, second.Features, actual), past: half);
        await ScoredAsync(second, scores, actual, expected.Count);
        foreach (var (id, row) in expected)
            Assert.Equal(row, actual[id]);

        Task<RunningHost> StartAsync() => RunningHost.StartAsync(broker, o => o with
        {
            Features = o.Features with { Path = features },
            Model = o.Model with { Path = model },
            Shards = o.Shards with { RecordFeatures = true },
            State = o.State with { Path = Path.Combine(folder, "state.db"), MaxEntitiesInMemory = entitiesInMemory, CheckpointInterval = TimeSpan.FromSeconds(1) },
        });
    }

    [Theory]
    [InlineData("features/fraud.yaml", "models/fraud/1", 500_000)]
    [InlineData("parity", "parity", 40)]
    public async Task The_service_goes_on_from_a_bootstrap_as_if_it_had_seen_the_history(string features, string model, int entitiesInMemory)
    {
        if (features == "parity")
            (features, model) = MakeBundle();
        features = Path.GetFullPath(features, AppContext.BaseDirectory);
        var (log, history) = (Path.Combine(folder, "log.jsonl"), Path.Combine(folder, "history.jsonl"));
        WriteLog(await SourceAsync(), log, 0.05);
        var past = File.ReadLines(log).Count() / 2;
        File.WriteAllLines(history, File.ReadLines(log).Take(past));
        var before = await ReplayAsync(features, history);
        var expected = await ReplayAsync(features, log);

        using var broker = new TestBroker();
        var state = Path.Combine(folder, "state.db");
        string[] bootstrap =
        [
            "bootstrap", "--input", history, "--map", MapPath, "--at", "earliest", "--on-error", "fail",
            $"--Scoring:Kafka:BootstrapServers={broker.BootstrapServers}", $"--Scoring:Topics:Prefix={broker.Prefix}", $"--Scoring:Source:GroupId={broker.Group}", $"--Scoring:State:Path={state}",
            $"--Scoring:State:MaxEntitiesInMemory={entitiesInMemory}", "--Scoring:Decode:MaxTimeBehind=00:00:00", $"--Scoring:Features:Path={features}",
        ];
        var report = await RunAsync(bootstrap);
        Assert.Equal(before.Count, Counts(report, "transactions").Sum());
        Assert.Equal(entitiesInMemory < 500, Counts(report, "read again").Sum() > 0);
        Assert.Contains("has a checkpoint at offset 0 already", await RefusalAsync(bootstrap), StringComparison.Ordinal);

        await using var host = await RunningHost.StartAsync(broker, o => o with
        {
            Features = o.Features with { Path = features },
            Model = o.Model with { Path = model },
            Shards = o.Shards with { RecordFeatures = true },
            State = o.State with { Path = state },
        });
        using var client = new TestClient(broker);
        var actual = new Dictionary<string, string>();
        using var scores = client.Follow("scores");
        await PlayAsync(host, client, log, () => Collect(scores, host.Features, actual), past);
        await ScoredAsync(host, scores, actual, expected.Count - before.Count);
        foreach (var (id, row) in expected.Where(e => !before.ContainsKey(e.Key)))
            Assert.Equal(row, actual[id]);
    }

    [Fact]
    public async Task Another_feature_set_starts_warm_from_the_topic_in_place_of_the_state_of_the_one_before()
    {
        var shipped = Path.GetFullPath("features/fraud.yaml", AppContext.BaseDirectory);
        var (features, model) = MakeBundle();
        var (log, history) = (Path.Combine(folder, "log.jsonl"), Path.Combine(folder, "history.jsonl"));
        WriteLog(await SourceAsync(), log, 0.05);
        var past = File.ReadLines(log).Count() / 2;
        File.WriteAllLines(history, File.ReadLines(log).Take(past));
        var before = await ReplayAsync(features, history);
        var expected = await ReplayAsync(features, log);

        await using var server = await PostgresServer.StartAsync();
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        var actual = new Dictionary<string, string>();
        using var scores = client.Follow("scores");
        await using (var first = await StartAsync(shipped, "models/fraud/1"))
        {
            await PlayAsync(first, client, log, () => Collect(scores, first.Features, actual), until: past);
            await ScoredAsync(first, scores, actual, before.Count);
        }

        string[] bootstrap =
        [
            "bootstrap", "--input", "topic", "--at", "committed",
            $"--Scoring:Kafka:BootstrapServers={broker.BootstrapServers}", $"--Scoring:Topics:Prefix={broker.Prefix}", $"--Scoring:Source:GroupId={broker.Group}",
            "--Scoring:State:Provider=Postgres", $"--Scoring:State:ConnectionString={server.ConnectionString}", $"--Scoring:Features:Path={features}", "--Scoring:Decode:MaxTimeBehind=00:00:00",
        ];
        Assert.Contains("--replace", await RefusalAsync(bootstrap), StringComparison.Ordinal);
        Assert.Equal(before.Count, Counts(await RunAsync([.. bootstrap, "--replace"]), "transactions").Sum());

        actual.Clear();
        await using var second = await StartAsync(features, model);
        await PlayAsync(second, client, log, () => Collect(scores, second.Features, actual), past);
        await ScoredAsync(second, scores, actual, expected.Count - before.Count);
        foreach (var (id, row) in expected.Where(e => !before.ContainsKey(e.Key)))
            Assert.Equal(row, actual[id]);

        Task<RunningHost> StartAsync(string set, string bundle) => RunningHost.StartAsync(broker, o => o with
        {
            Features = o.Features with { Path = set },
            Model = o.Model with { Path = bundle },
            Shards = o.Shards with { RecordFeatures = true },
            State = o.State with { Provider = SqlProvider.Postgres, ConnectionString = server.ConnectionString },
        });
    }

    private static IEnumerable<long> Counts(string report, string what) =>
        Regex.Matches(report, $"^partition .* {what} ([0-9,]+),", RegexOptions.Multiline).Select(m => long.Parse(m.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture));

    private (string Features, string Model) MakeBundle()
    {
        var here = Path.Combine(AppContext.BaseDirectory, "Parity");
        var features = Path.Combine(here, "features.yaml");
        using var text = File.OpenText(features);
        var set = FeatureSet.Parse(text, features);
        var bundle = Directory.CreateDirectory(Path.Combine(folder, "bundle")).FullName;
        foreach (var file in new[] { "model.onnx", "golden.jsonl" })
            File.Copy(Path.Combine(here, "stumps", file), Path.Combine(bundle, file));
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(here, "stumps", "model.json")))!;
        manifest["featureSet"] = new JsonObject { ["name"] = set.Name, ["version"] = set.Version, ["fingerprint"] = set.Fingerprint };
        File.WriteAllText(Path.Combine(bundle, "model.json"), manifest.ToJsonString());
        return (features, bundle);
    }

    private async Task<FileRecords> SourceAsync()
    {
        if (Environment.GetEnvironmentVariable("SCORING_TEST_TRANSACTIONS") is { Length: > 0 } given)
            return Open(given, Environment.GetEnvironmentVariable("SCORING_TEST_MAP") ?? throw new InvalidOperationException("SCORING_TEST_MAP must name the map of SCORING_TEST_TRANSACTIONS"));
        var simulated = Path.Combine(folder, "simulated.csv");
        await RunAsync("produce", "--dataset", simulated, "--days", "20", "--customers", "300", "--seed", "11");
        return Open(simulated, MapPath);
    }

    private static string MapPath => Path.Combine(AppContext.BaseDirectory, "features", "simulator.map.yaml");

    private static FileRecords Open(string path, string mapPath)
    {
        using var map = File.OpenText(mapPath);
        return new FileRecords(path, EventFileMap.Parse(map, mapPath));
    }

    // One JSON line a record, in the log's order: some are moved back, so that they come late, and some come twice.
    private static void WriteLog(FileRecords source, string path, double disturbedShare)
    {
        var random = new Random(5);
        var lines = new List<(double Place, string Line)>();
        using (source)
        {
            while (source.MoveNext())
            {
                if (source.Kind != SourceKind.Transaction)
                    continue;
                var json = Encoding.UTF8.GetString(source.Write(EventTime.MaxMicros, 0));
                var line = $"{json[..^1]},\"label\":{(source.IsFraud ? 1 : 0)}}}";
                double place = lines.Count;
                if (random.NextDouble() < disturbedShare)
                    place += random.Next(MaxLateRows);
                lines.Add((place, line));
                if (random.NextDouble() < disturbedShare)
                    lines.Add((place + random.Next(MaxRepeatRows) + 0.5, line));
            }
        }

        File.WriteAllLines(path, lines.OrderBy(l => l.Place).Select(l => l.Line));
    }

    private static async Task PlayAsync(RunningHost host, TestClient client, string log, Action collect, int past = 0, int until = int.MaxValue)
    {
        using var records = Open(log, MapPath);
        var sent = 0;
        while (records.MoveNext())
        {
            var value = records.Write(EventTime.MaxMicros, 0).ToArray();
            if (past > 0)
            {
                past -= records.Kind == SourceKind.Transaction ? 1 : 0;
                continue;
            }

            client.Send(records.Key.ToArray(), value, records.Kind == SourceKind.Label ? RecordKinds.Label : null);
            until -= records.Kind == SourceKind.Transaction ? 1 : 0;
            if (until == 0)
                break;
            if (++sent % Ahead != 0)
                continue;
            // The embedded broker keeps 5 MiB a partition: neither the log nor the scores may run far ahead of their readers.
            client.Flush();
            var target = sent;
            await Eventually.TrueAsync(() => host.Engine.Shards().Sum(s => s.Progress.FinishedRecords) >= target, $"the node has finished {target} records");
            collect();
        }

        client.Flush();
    }

    // All of them, and none besides.
    private static async Task ScoredAsync(RunningHost host, IConsumer<Ignore, byte[]> scores, Dictionary<string, string> actual, int count)
    {
        await Eventually.TrueAsync(
            () =>
            {
                Collect(scores, host.Features, actual);
                return actual.Count >= count;
            },
            $"{count} scores were read");
        Assert.Equal(count, actual.Count);
    }

    private static void Collect(IConsumer<Ignore, byte[]> scores, FeatureSet set, Dictionary<string, string> rows)
    {
        while (scores.Consume(TimeSpan.FromMilliseconds(50)) is { } record)
        {
            using var score = JsonDocument.Parse(record.Message.Value);
            var features = score.RootElement.GetProperty("features");
            var row = string.Join(',', set.FeatureNames.Select(name => Text(features.GetProperty(name))));
            Assert.True(rows.TryAdd(score.RootElement.GetProperty("transactionId").GetString()!, row), "a transaction was scored twice");
        }
    }

    private static string Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? "" : value.GetDouble().ToString("R", CultureInfo.InvariantCulture);

    private async Task<Dictionary<string, string>> ReplayAsync(string features, string log)
    {
        var output = Path.Combine(folder, "replayed.csv");
        await RunAsync("replay", "--features", features, "--input", log, "--map", MapPath, "--output", output, "--on-error", "fail");
        return File.ReadLines(output).Skip(1).ToDictionary(
            line => line[..line.IndexOf(',', StringComparison.Ordinal)],
            line => string.Join(',', line.Split(',').Skip(1).Select(v => v.Length == 0 ? "" : double.Parse(v, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture))));
    }

    private static async Task<string> RunAsync(params string[] arguments)
    {
        var (status, output, errors) = await EndAsync(arguments);
        Assert.True(status == 0, errors);
        return output;
    }

    private static async Task<string> RefusalAsync(params string[] arguments)
    {
        var (status, _, errors) = await EndAsync(arguments);
        Assert.Equal(1, status);
        return errors;
    }

    private static async Task<(int Status, string Output, string Errors)> EndAsync(string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "scoring"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, errors);
    }
}
