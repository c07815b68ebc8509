using Scoring.Models.Wire;

namespace Scoring.Models.Inference;

/// <summary>A model bundle was refused. The message names every problem: where, what, and what would be right.</summary>
public sealed class BundleException : Exception
{
    /// <summary>Makes the refusal.</summary>
    /// <param name="origin">Where the bundle comes from.</param>
    /// <param name="problems">What is wrong with it, at least one.</param>
    public BundleException(string origin, IReadOnlyList<string> problems)
        : this(origin, [.. problems.Select(MessageLine.Of)])
    {
    }

    private BundleException(string origin, string[] problems)
        : base($"The model bundle '{origin}' is refused:\n  {string.Join("\n  ", problems)}")
    {
        Origin = origin;
        Problems = problems;
    }

    /// <summary>Where the bundle comes from.</summary>
    public string Origin { get; }

    /// <summary>What is wrong with it, one text a problem.</summary>
    public IReadOnlyList<string> Problems { get; }
}
