namespace Scoring.Models.Features;

/// <summary>Bytes of saved state are not what was written: their checksum or their structure is wrong. An earlier version may do.</summary>
public sealed class StateDamagedException : FormatException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which state, and what is wrong with it.</param>
    public StateDamagedException(string message)
        : base(message)
    {
    }
}
