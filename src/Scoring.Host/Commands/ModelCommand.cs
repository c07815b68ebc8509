using System.CommandLine;
using System.Globalization;
using Scoring.Actors.Model;
using Scoring.Models.Inference;

namespace Scoring.Host.Commands;

/// <summary>The <c>scoring model</c> commands: look at a bundle, and score a file of features with it.</summary>
internal static class ModelCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create() => new("model", "Check model bundles, and score files with them")
    {
        Check(),
        Score(),
    };

    private static Command Check()
    {
        var folder = Folder();
        var command = new Command("check", "Accept or refuse a bundle as the service would, naming every problem") { folder };
        command.SetAction(parsed => Run(parsed, bundle =>
        {
            Describe(bundle.Manifest, parsed.InvocationConfiguration.Output);
            return 0;
        }, folder));
        return command;
    }

    private static Command Score()
    {
        var folder = Folder();
        var input = new Option<FileInfo>("--input") { Description = "The features: a file that `scoring replay` wrote", Required = true };
        var output = new Option<FileInfo?>("--output") { Description = "Where the scores go, as CSV; standard output if not given" };
        var command = new Command("score", "Score a file of features: CSV in, CSV with score, decision and reasons out") { folder, input, output };
        command.SetAction(parsed => Run(parsed, bundle =>
        {
            using var reader = parsed.GetValue(input)!.OpenText();
            if (parsed.GetValue(output) is not { } file)
                return FeatureFileScoring.Run(bundle, reader, parsed.InvocationConfiguration.Output);
            using var writer = file.CreateText();
            return FeatureFileScoring.Run(bundle, reader, writer);
        }, folder));
        return command;
    }

    private static Argument<string> Folder() => new("bundle") { Description = "The bundle's folder, such as models/fraud/1" };

    // What a person can mend is one message and status 1; anything else is a fault and keeps its stack.
    private static int Run(ParseResult parsed, Func<ModelBundle, int> action, Argument<string> folder)
    {
        try
        {
            using var bundle = ModelBundle.Load(BundleDirectory.Read(parsed.GetRequiredValue(folder)), running: null);
            return action(bundle);
        }
        catch (Exception e) when (e is BundleException or InvalidDataException or IOException or UnauthorizedAccessException)
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
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  thresholds   review {manifest.Thresholds.Review}, decline {manifest.Thresholds.Decline}"));
        if (manifest.Training.ValueKind != System.Text.Json.JsonValueKind.Undefined)
            output.WriteLine($"  training     {manifest.Training.GetRawText()}");
    }
}
