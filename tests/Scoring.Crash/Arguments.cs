using System.CommandLine;
using System.CommandLine.Parsing;
using Scoring.Models.Durations;

namespace Scoring.Crash;

/// <summary>What the verbs' command lines have in common.</summary>
internal static class Arguments
{
    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            if (DurationText.TryParse(result.Tokens.Count == 1 ? result.Tokens[0].Value : "", out var duration, out var error))
                return duration;
            result.AddError($"{name}: {error}");
            return null;
        },
    };

    public static Action<OptionResult> Between(int least, int most) => result =>
    {
        if (result.GetValueOrDefault<int>() is var value && (value < least || value > most))
            result.AddError($"{result.Option.Name} is {value}, not from {least} to {most}");
    };
}
