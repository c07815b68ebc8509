using System.CommandLine;
using Scoring.Actors.Partitions;
using Scoring.Actors.Snapshots;
using Scoring.Actors.Source;
using Scoring.Actors.Sql;
using Scoring.Actors.State;
using Scoring.Host.Options;
using Scoring.Kafka.Clients;
using Scoring.Models.Features;
using Scoring.Models.Files;

namespace Scoring.Host.Commands;

/// <summary><c>scoring bootstrap</c>: makes the partitions' first checkpoints from history, so that the service starts warm.</summary>
internal static class BootstrapCommand
{
    internal static Command Create()
    {
        var input = new Option<string>("--input") { Required = true, Description = "The history: a file (.csv or .jsonl, gzip if it ends in .gz), 'topic' for the input log up to where the service goes on, or 'topic:NAME' for the whole of another that is keyed and partitioned like it" };
        var map = new Option<FileInfo?>("--map") { Description = "How a file's columns become events (YAML)" };
        var at = new Option<string>("--at") { Required = true, Description = "Where the service goes on in the input log: earliest, latest, committed, or PARTITION:OFFSET for each, with commas" };
        var labelColumn = new Option<string?>("--label-column") { Description = "The column of the label, if not the map's" };
        var labelDelay = DurationOption.Create("--label-delay", "How long after the event its label becomes known, such as 7d, if not the map's");
        var onError = new Option<string>("--on-error") { DefaultValueFactory = _ => "skip", Description = "What a bad row does: it is skipped, or the bootstrap fails" };
        var replace = new Option<bool>("--replace") { Description = "Forget what is stored of the partitions" };
        var overrides = new Argument<string[]>("setting") { Description = "Overrides of appsettings.json, as for serve", Arity = ArgumentArity.ZeroOrMore };
        onError.AcceptOnlyFromAmong("skip", "fail");
        at.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<string>() is { } text && StartOffsets.Parse(text) is null)
                r.AddError($"--at '{text}' is none of earliest, latest, committed, or PARTITION:OFFSET for each partition, such as 0:17,1:20");
        });
        var command = new Command("bootstrap", "Make the state of the partitions from history, before the service starts, so that it starts warm")
        {
            input, map, at, labelColumn, labelDelay, onError, replace, overrides,
        };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellation) =>
        {
            var offsets = StartOffsets.Parse(parsed.GetValue(at)!)!;
            var settings = new BootstrapSettings(parsed.GetValue(input)!, parsed.GetValue(map), offsets, parsed.GetValue(labelColumn), parsed.GetValue(labelDelay), parsed.GetValue(onError) == "fail", parsed.GetValue(replace));
            return ExecuteAsync(settings, [.. parsed.GetValue(overrides) ?? [], .. parsed.UnmatchedTokens], null, parsed.InvocationConfiguration.Output, cancellation);
        });
        return command;
    }

    /// <summary>Runs a bootstrap.</summary>
    /// <param name="settings">What was asked for.</param>
    /// <param name="overrides">Settings of the service.</param>
    /// <param name="adjust">Changes the options that were read; null leaves them.</param>
    /// <param name="output">Where progress and the report go.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The exit status.</returns>
    internal static async Task<int> ExecuteAsync(BootstrapSettings settings, string[] overrides, Func<ScoringOptions, ScoringOptions>? adjust, TextWriter output, CancellationToken cancellation)
    {
        var arguments = SettingArguments.Read(overrides);
        var builder = ScoringHost.Builder(arguments);
        builder.Services.AddScoringOptions(builder.Configuration, adjust, arguments.Errors);
        await using var services = builder.Build();
        var options = services.Services.CheckedOptions();
        CheckDurable(options);
        var loggers = services.Services.GetRequiredService<ILoggerFactory>();
        var meters = services.Services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        await using var store = BootstrapStore.Open(options.State, meters, TimeProvider.System);
        using var offsets = Offsets(options, loggers);
        KafkaLogReader LogOf(string topic) => new(options.Source, topic, TimeProvider.System, TaskScheduler.Default, loggers.CreateLogger<KafkaLogReader>());
        try
        {
            await new BootstrapRun(settings, options, ShippedFiles.ReadFeatures(options.Features.Path), store, LogOf, output).ExecuteAsync(offsets, cancellation);
            return 0;
        }
        catch (Exception e) when (e is BootstrapException or EventFileException or BootstrapOvertakenException or SnapshotUnavailableException or StateDamagedException or Scoring.Actors.Log.LogGapException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync($"bootstrap: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("bootstrap: cancelled; no partition can live on what was begun: begin again with --replace");
            return 130;
        }
    }

    private static IOffsetClient Offsets(ScoringOptions options, ILoggerFactory loggers)
    {
        try
        {
            return PartitionServices.Clients(options.Source, options.Output, options.Shards, loggers.CreateLogger<ConfluentClients>()).Offsets();
        }
        catch (ArgumentException e)
        {
            throw new OptionsException([$"{ScoringOptions.Section}:Kafka:Client: {e.Message}"]);
        }
    }

    private static void CheckDurable(ScoringOptions options)
    {
        var errors = new List<string>();
        if (options.Kafka.BootstrapServers.Length == 0)
            errors.Add($"{ScoringOptions.Section}:Kafka:BootstrapServers: is missing; a broker inside the process has no past and no future");
        if (options.State.Provider == SqlProvider.Sqlite && options.State.Path.Length == 0)
            errors.Add($"{ScoringOptions.Section}:State:Path: is missing; state in a temporary file would go with this process");
        if (errors.Count > 0)
            throw new OptionsException(errors);
    }
}
