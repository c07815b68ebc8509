using System.Globalization;

namespace Scoring.Tests;

/// <summary>How many inputs a property is tried on: few in every run, as many as one likes by an environment variable.</summary>
internal static class PropertyRuns
{
    public const string Variable = "SCORING_TEST_INPUTS";

    /// <summary>The number of inputs, each of which a seed of its own makes: 0, 1, 2, …</summary>
    /// <param name="usual">How many a run of the suite tries.</param>
    public static int Count(int usual) =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } count ? int.Parse(count, CultureInfo.InvariantCulture) : usual;
}
