namespace Scoring.Host.Options;

/// <summary>The settings on a command line: <c>--NAME=VALUE</c> each.</summary>
/// <param name="Accepted">Those that something reads.</param>
/// <param name="Errors">What is wrong with the others, one text each.</param>
internal sealed record SettingArguments(string[] Accepted, IReadOnlyList<string> Errors)
{
    /// <summary>Parts them from what nothing would read: the configuration's own reader passes over it without a word.</summary>
    /// <param name="arguments">The arguments, without the command and its options.</param>
    internal static SettingArguments Read(IReadOnlyList<string> arguments)
    {
        var accepted = new List<string>();
        var errors = new List<string>();
        foreach (var argument in arguments)
        {
            if (ErrorOf(argument) is { } error)
                errors.Add(error);
            else
                accepted.Add($"--{argument.TrimStart('-', '/')}");
        }

        return new SettingArguments([.. accepted], errors);
    }

    private static string? ErrorOf(string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        var name = (equals < 0 ? argument : argument[..equals]).TrimStart('-', '/');
        if (!ForeignSettings.IsRead(name))
            return $"'{argument}': nothing reads this argument; {ForeignSettings.HintFor(name)}, or see --help";
        return equals < 0 ? $"'{argument}': has no value; write --{name}=VALUE, as one argument" : null;
    }
}
