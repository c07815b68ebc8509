using Scoring.Models.Features;

namespace Scoring.Actors.Entities;

/// <summary>A question about a shard's entities, answered on the shard's loop.</summary>
public abstract class ShardQuery
{
    /// <summary>Answers it.</summary>
    /// <param name="entities">The shard's entities.</param>
    public abstract void Answer(EntityStage entities);

    /// <summary>Adds the entities that it needs and that are not in memory.</summary>
    /// <param name="entities">The shard's entities.</param>
    /// <param name="missing">Where they are added.</param>
    public virtual void FindMissing(EntityStage entities, EntityKeySet missing)
    {
    }

    /// <summary>Answers it with nothing, because the shard has stopped or too many questions wait.</summary>
    public abstract void Refuse();
}

/// <summary>The features of a card in one user's hands.</summary>
/// <param name="UserId">The user.</param>
/// <param name="AsOfMicros">The newest event of the card or its user, in microseconds since 1970, as of which the features are.</param>
/// <param name="Features">The vector; NaN for what is missing and for what only a transaction has.</param>
public sealed record CardFeatures(string UserId, long AsOfMicros, double[] Features);

/// <summary>Asks for a card's features.</summary>
/// <param name="cardId">The card.</param>
/// <param name="userIds">The users in whose hands it may be.</param>
public sealed class CardQuery(string cardId, IReadOnlyList<string> userIds) : ShardQuery
{
    private readonly TaskCompletionSource<IReadOnlyList<CardFeatures>> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with an entry for each of the users that the shard knows.</summary>
    public Task<IReadOnlyList<CardFeatures>> Result => answer.Task;

    /// <summary>Whether the result is empty because the shard did not look.</summary>
    public bool IsRefused { get; private set; }

    /// <inheritdoc/>
    public override void FindMissing(EntityStage entities, EntityKeySet missing)
    {
        ArgumentNullException.ThrowIfNull(entities);
        foreach (var user in userIds)
            entities.FindMissing(user, cardId, missing);
    }

    /// <inheritdoc/>
    public override void Answer(EntityStage entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        answer.TrySetResult([.. userIds.Select(user => entities.Read(user, cardId)).OfType<CardFeatures>()]);
    }

    /// <inheritdoc/>
    public override void Refuse()
    {
        IsRefused = true;
        answer.TrySetResult([]);
    }
}

/// <summary>Asks what a shard holds.</summary>
public sealed class StatisticsQuery : ShardQuery
{
    private readonly TaskCompletionSource<IReadOnlyList<EntityStatistics>> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with what is held of each kind of entity; empty if the shard has stopped.</summary>
    public Task<IReadOnlyList<EntityStatistics>> Result => answer.Task;

    /// <inheritdoc/>
    public override void Answer(EntityStage entities)
    {
        ArgumentNullException.ThrowIfNull(entities);
        answer.TrySetResult(entities.Statistics());
    }

    /// <inheritdoc/>
    public override void Refuse() => answer.TrySetResult([]);
}
