namespace Scoring.Models.Features;

/// <summary>Saved state is whole but of a format or a layout that this engine can't read or carry over.</summary>
public sealed class StateLayoutException : FormatException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which state, its format or layout, and which ones can be read.</param>
    public StateLayoutException(string message)
        : base(message)
    {
    }
}
