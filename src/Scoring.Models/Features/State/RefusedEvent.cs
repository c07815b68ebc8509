namespace Scoring.Models.Features.State;

/// <summary>What a card keeps of a transaction that was too late for its windows.</summary>
/// <param name="Time">When it happened, in microseconds.</param>
/// <param name="Id">The hash of its identity.</param>
/// <param name="Body">The hash of its body.</param>
internal readonly record struct RefusedEvent(long Time, ulong Id, ulong Body)
{
    /// <summary>Its size, in memory and in a state.</summary>
    public const int Bytes = 24;
}
