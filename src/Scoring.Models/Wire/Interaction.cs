namespace Scoring.Models.Wire;

/// <summary>What a user did with the account besides paying: a login, a new device.</summary>
/// <param name="InteractionId">Its id.</param>
/// <param name="UserId">The user; where cards are their own users, the card's token.</param>
/// <param name="Type">What was done, for one <c>login</c>.</param>
/// <param name="Outcome">How it ended; null where it is not said.</param>
/// <param name="DeviceId">The device it came from; null where it is not said.</param>
/// <param name="Ip">The address it came from; null where it is not said.</param>
/// <param name="EventTimeMicros">When it happened, in microseconds since 1970-01-01T00:00:00Z.</param>
public sealed record Interaction(string InteractionId, string UserId, string Type, string? Outcome, string? DeviceId, string? Ip, long EventTimeMicros);
