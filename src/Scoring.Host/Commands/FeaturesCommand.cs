using System.CommandLine;
using Scoring.Models.Features;

namespace Scoring.Host.Commands;

/// <summary><c>scoring features</c>: checks a feature set's file and explains its plan.</summary>
internal static class FeaturesCommand
{
    public static Command Create() => new("features", "Check and explain feature sets")
    {
        Verb("check", "Say every error of a feature set's file", set =>
            Console.Out.WriteLine($"{set.Name} version {set.Version}: {set.FeatureNames.Count} features, {set.Fingerprint}")),
        Verb("explain", "Print the plan: what is kept of each entity, which windows share state, bytes an entity", set => set.Explain(Console.Out)),
    };

    private static Command Verb(string name, string description, Action<FeatureSet> show)
    {
        var file = new Argument<FileInfo>("FILE") { Description = "The feature set (YAML)" };
        var command = new Command(name, description) { file };
        command.SetAction(parse => Execute(parse.GetValue(file)!, show));
        return command;
    }

    private static int Execute(FileInfo file, Action<FeatureSet> show)
    {
        try
        {
            using var text = file.OpenText();
            show(FeatureSet.Parse(text, file.ToString()));
            return 0;
        }
        catch (Exception e) when (e is FeatureSetException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }
}
