using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Scoring.Actors.Model;
using Scoring.Models.Features;
using Scoring.Models.Inference;

namespace Scoring.Host.Commands;

/// <summary>The <c>scoring model</c> commands: look at a bundle, score a file with it, say what one must be trained on.</summary>
internal static class ModelCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, NewLine = "\n" };

    /// <summary>Makes the command.</summary>
    public static Command Create() => new("model", "Check model bundles, and score files with them")
    {
        Check(),
        Score(),
        Contract(),
    };

    private static Command Check()
    {
        var bundle = Bundle();
        var features = new Option<FileInfo?>("--features") { Description = "The feature set that the bundle must fit, such as features/fraud.yaml" };
        var command = new Command("check", "Accept or refuse a bundle as the service would, naming every problem") { bundle, features };
        command.SetAction(parsed => Run(parsed, () =>
        {
            var running = parsed.GetValue(features) is { } file ? Read(file) : null;
            using var loaded = Load(parsed.GetRequiredValue(bundle), running);
            Describe(loaded.Manifest, parsed.InvocationConfiguration.Output);
        }));
        return command;
    }

    private static Command Score()
    {
        var bundle = Bundle();
        var input = new Option<FileInfo>("--input") { Description = "The features: a file that `scoring replay` wrote", Required = true };
        var output = new Option<FileInfo?>("--output") { Description = "Where the scores go, as CSV; standard output if not given" };
        var command = new Command("score", "Score a file of features: CSV in, CSV with score, decision and reasons out") { bundle, input, output };
        command.SetAction(parsed => Run(parsed, () =>
        {
            using var loaded = Load(parsed.GetRequiredValue(bundle), running: null);
            using var reader = parsed.GetRequiredValue(input).OpenText();
            using var writer = parsed.GetValue(output)?.CreateText();
            FeatureFileScoring.Run(loaded, reader, writer ?? parsed.InvocationConfiguration.Output);
        }));
        return command;
    }

    private static Command Contract()
    {
        var file = new Argument<FileInfo>("features") { Description = "The feature set's file, such as features/fraud.yaml" };
        var command = new Command("contract", "Say what a model of a feature set must be trained on: its fingerprint and inputs, as JSON") { file };
        command.SetAction(parsed => Run(parsed, () =>
            parsed.InvocationConfiguration.Output.WriteLine(JsonSerializer.Serialize(Read(parsed.GetRequiredValue(file)), Json))));
        return command;
    }

    private static Argument<string> Bundle() => new("bundle") { Description = "The bundle's folder, such as models/fraud/1" };

    private static ModelBundle Load(string folder, FeatureContract? running) => ModelBundle.Load(BundleDirectory.Read(folder), running);

    private static FeatureContract Read(FileInfo file)
    {
        using var reader = file.OpenText();
        var set = FeatureSet.Parse(reader, file.Name);
        return new FeatureContract(set.Name, set.Version, set.Fingerprint, set.FeatureNames);
    }

    // What a person can mend is one message and status 1; anything else is a fault and keeps its stack.
    private static int Run(ParseResult parsed, Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (Exception e) when (e is BundleException or FeatureSetException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            parsed.InvocationConfiguration.Error.WriteLine(e.Message);
            return 1;
        }
    }

    private static void Describe(BundleManifest manifest, TextWriter output)
    {
        var set = manifest.FeatureSet;
        output.WriteLine($"{manifest.Name} version {manifest.Version}: accepted");
        output.WriteLine($"  feature set  {set.Name} version {set.Version}, {set.Fingerprint}");
        output.WriteLine($"  inputs       {set.Features.Count}: {string.Join(", ", set.Features)}");
        output.WriteLine($"  output       {manifest.Output}{(manifest.OutputColumn is { } column ? $", column {column}" : "")}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  thresholds   review {manifest.Thresholds.Review}, decline {manifest.Thresholds.Decline}"));
        if (manifest.Training.ValueKind == JsonValueKind.Object && manifest.Training.TryGetProperty("test", out var test) && test.ValueKind == JsonValueKind.Object)
            output.WriteLine($"  on its test  {string.Join(", ", test.EnumerateObject().Select(figure => $"{figure.Name} {figure.Value}"))}");
    }
}
