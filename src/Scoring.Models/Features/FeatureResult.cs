namespace Scoring.Models.Features;

/// <summary>What became of a transaction that was applied.</summary>
/// <param name="Duplicate">Its id was seen before for its user and card; nothing changed and its features are all missing.</param>
/// <param name="Conflict">It is a duplicate with another body: another payment under the id of the first.</param>
/// <param name="Late">At least one of its entities refused to insert it, since it is older than the lateness allows.</param>
/// <param name="Degraded">
/// Why features are missing or incomplete: <c>entity_not_local:ENTITY</c>, <c>cold_window</c>,
/// <c>state_incomplete</c> (an entity's saved state was damaged), <c>max_events:FEATURE</c> (events of the window
/// left because the entity was full) or <c>late_history:FEATURE</c> (events of a late transaction's window are held
/// no longer). Empty normally; the list never changes once returned.
/// </param>
public readonly record struct FeatureResult(bool Duplicate, bool Conflict, bool Late, IReadOnlyList<string> Degraded);

/// <summary>What an engine holds of one kind of entity.</summary>
/// <param name="Name">The entity's name.</param>
/// <param name="Entities">How many are held.</param>
/// <param name="Events">How many events they hold.</param>
/// <param name="Bytes">An estimate of their memory, the look-up table included.</param>
/// <param name="Expired">How many left because they were idle for longer than their events are held.</param>
/// <param name="DroppedEvents">How many events left because their entity was full.</param>
public readonly record struct EntityStatistics(string Name, long Entities, long Events, long Bytes, long Expired, long DroppedEvents);
