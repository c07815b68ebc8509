using System.CommandLine;
using Scoring.Models.Durations;

namespace Scoring.Host.Commands;

/// <summary>An option of the command line that is a duration.</summary>
internal static class DurationOption
{
    /// <summary>Makes the option.</summary>
    /// <param name="name">Its name, with the dashes.</param>
    /// <param name="description">What it is for.</param>
    internal static Option<TimeSpan?> Create(string name, string description) => new(name)
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
}
