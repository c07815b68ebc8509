namespace Scoring.Models.Features;

/// <summary>A feature set that cannot be used. The message lists every error with its file and line.</summary>
public sealed class FeatureSetException : FormatException
{
    /// <summary>Makes the error.</summary>
    /// <param name="message">Every error, one a line: "file:line: what is wrong; what would be right".</param>
    public FeatureSetException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the error.</summary>
    /// <param name="message">Every error, one a line.</param>
    /// <param name="innerException">What caused it.</param>
    public FeatureSetException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes an error without a message.</summary>
    public FeatureSetException()
    {
    }
}
