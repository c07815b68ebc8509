namespace Scoring.Producer.Load;

/// <summary>A run could not go on: brokers do not answer, a topic is missing, the service does not commit. The message says what and where.</summary>
public sealed class LoadException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">What is wrong, where, and what would be right.</param>
    public LoadException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with its cause.</summary>
    /// <param name="message">What is wrong, where, and what would be right.</param>
    /// <param name="innerException">The cause.</param>
    public LoadException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
