namespace Scoring.Models.Files;

/// <summary>A map or a file of events that cannot be used at all. The message lists every error.</summary>
public sealed class EventFileException : FormatException
{
    /// <summary>Makes the error.</summary>
    /// <param name="message">Every error, one a line: "file:line: what is wrong; what would be right".</param>
    public EventFileException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the error.</summary>
    /// <param name="message">Every error, one a line.</param>
    /// <param name="innerException">What caused it.</param>
    public EventFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes an error without a message.</summary>
    public EventFileException()
    {
    }
}
