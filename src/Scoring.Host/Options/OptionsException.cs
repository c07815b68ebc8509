namespace Scoring.Host.Options;

/// <summary>The configuration is wrong. The message names every error.</summary>
/// <param name="errors">The errors, one text each.</param>
public sealed class OptionsException(IReadOnlyList<string> errors)
    : Exception("The configuration is wrong:" + string.Concat(errors.Select(e => "\n  - " + e)));
