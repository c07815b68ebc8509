using System.CommandLine;

namespace Scoring.Crash;

/// <summary><c>crash</c>: kills and stops nodes under load, and compares all that comes out with the replay.</summary>
internal static class CrashVerb
{
    private const string AtLeastOnce = "at_least_once";
    private const string ExactlyOnce = "exactly_once";
    private const string Data = "../shared/data/card-transactions-2018-04.csv.gz";

    public static Command Create()
    {
        var bootstrap = new Option<string?>("--bootstrap") { Description = "A Kafka, as host:port; by default the embedded broker." };
        var duration = Arguments.Duration("--for", "How long to send at most. [default: to the file's end]");
        var guarantee = new Option<string>("--guarantee") { Description = "at_least_once, or exactly_once, which needs a --bootstrap: the embedded broker shows what was not committed.", DefaultValueFactory = _ => AtLeastOnce };
        guarantee.AcceptOnlyFromAmong(AtLeastOnce, ExactlyOnce);
        var seed = new Option<int>("--seed") { Description = "Decides who is killed or stopped, and when.", DefaultValueFactory = _ => 1 };
        var rate = new Option<double>("--rate") { Description = "Transactions a second.", DefaultValueFactory = _ => 2_000 };
        var nodes = new Option<int>("--nodes") { Description = "Nodes, from 2 to 16.", DefaultValueFactory = _ => 3 };
        var input = new Option<string>("--input") { Description = "The transactions, as a file that `scoring replay` reads.", DefaultValueFactory = _ => Data };
        var map = new Option<string>("--map") { Description = "How its columns become transactions.", DefaultValueFactory = _ => "features/handbook.map.yaml" };
        var features = new Option<string>("--features") { Description = "The feature set.", DefaultValueFactory = _ => "features/fraud.yaml" };
        var model = new Option<string>("--model") { Description = "The model bundle.", DefaultValueFactory = _ => "models/fraud/1" };
        var logs = new Option<DirectoryInfo?>("--logs") { Description = "A folder for the nodes' logs." };
        nodes.Validators.Add(Arguments.Between(2, 16));
        rate.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<double>() is not (> 0 and <= 100_000))
                r.AddError("--rate must be above 0 and at most 100000");
        });
        var command = new Command("crash", "Kills and stops nodes under load, and compares every score that comes out with the replay of the same rows") { bootstrap, guarantee, duration, seed, rate, nodes, input, map, features, model, logs };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var stop = new StopRequest(cancellation);
            parsed.GetValue(logs)?.Create();
            return await new CrashRun(new CrashOptions
            {
                Nodes = parsed.GetValue(nodes),
                Seed = parsed.GetValue(seed),
                Rate = parsed.GetValue(rate),
                Duration = parsed.GetValue(duration),
                Bootstrap = parsed.GetValue(bootstrap),
                IsExactlyOnce = IsExactlyOnce(parsed.GetValue(guarantee)!, parsed.GetValue(bootstrap)),
                Input = Existing(parsed.GetValue(input)!),
                Map = Existing(parsed.GetValue(map)!),
                Features = Existing(parsed.GetValue(features)!),
                Model = Existing(parsed.GetValue(model)!),
                LogFolder = parsed.GetValue(logs)?.FullName,
            }).RunAsync(stop);
        });
        return command;
    }

    private static bool IsExactlyOnce(string guarantee, string? bootstrap) => guarantee == ExactlyOnce
        && (bootstrap is not null ? true : throw new ClusterException("--guarantee exactly_once needs --bootstrap HOST:PORT: the embedded broker has no isolation, so nothing could be told from what it shows"));

    private static string Existing(string path) =>
        Path.Exists(path) ? Path.GetFullPath(path) : throw new ClusterException($"{path} is not there; --help tells which files can be given");
}
