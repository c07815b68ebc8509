namespace Scoring.Models.Features.State;

/// <summary>A session of one user that is open, or that a late event may still change. Times in microseconds.</summary>
internal struct Session
{
    /// <summary>Its identity: the start as it was first known.</summary>
    public long FirstStart;

    public long Start;

    public long End;

    /// <summary>How often it was reported.</summary>
    public int Revision;

    /// <summary>Whether it differs from what was last reported.</summary>
    public bool Changed;
}
