using System.CommandLine;
using Scoring.Models.Features;
using Scoring.Models.Files;

namespace Scoring.Host.Commands;

/// <summary><c>scoring replay</c>: computes a feature set over a file of events, as scoring would have.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var features = new Option<FileInfo>("--features") { Required = true, Description = "The feature set (YAML)" };
        var input = new Option<FileInfo>("--input") { Required = true, Description = "The events: .csv or .jsonl, gzip if it ends in .gz" };
        var map = new Option<FileInfo>("--map") { Required = true, Description = "How the input's columns become events (YAML)" };
        var output = new Option<FileInfo>("--output") { Required = true, Description = "Where the features go (CSV)" };
        var labelColumn = new Option<string?>("--label-column") { Description = "The column of the label, if not the map's" };
        var labelDelay = DurationOption.Create("--label-delay", "How long after the event its label becomes known, such as 7d, if not the map's");
        var onError = new Option<string>("--on-error") { DefaultValueFactory = _ => "skip", Description = "What a bad row does: it is skipped, or the replay fails" };
        onError.AcceptOnlyFromAmong("skip", "fail");
        var batch = new Option<int>("--batch") { DefaultValueFactory = _ => 512, Description = "Rows written at once; it does not change what is written" };
        batch.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > 1_000_000)
                r.AddError("--batch must be from 1 to 1000000");
        });

        var command = new Command("replay", "Compute features over a file, with the very plan that scoring runs")
        {
            features, input, map, output, labelColumn, labelDelay, onError, batch,
        };
        command.SetAction((parse, cancellation) => Task.FromResult(Execute(
            new ReplaySettings(
                parse.GetValue(features)!,
                parse.GetValue(input)!,
                parse.GetValue(map)!,
                parse.GetValue(output)!,
                parse.GetValue(labelColumn),
                parse.GetValue(labelDelay),
                parse.GetValue(onError) == "fail",
                parse.GetValue(batch)),
            cancellation)));
        return command;
    }

    private static int Execute(ReplaySettings settings, CancellationToken cancellation)
    {
        try
        {
            return ReplayRun.Execute(settings, Console.Error, cancellation);
        }
        catch (Exception e) when (e is FeatureSetException or EventFileException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("replay: cancelled; nothing was written");
            return 130;
        }
    }
}

/// <summary>What a replay was asked to do.</summary>
internal sealed record ReplaySettings(
    FileInfo Features, FileInfo Input, FileInfo Map, FileInfo Output, string? LabelColumn, TimeSpan? LabelDelay, bool FailOnError, int BatchRows);
