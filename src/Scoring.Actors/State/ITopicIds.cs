namespace Scoring.Actors.State;

/// <summary>Remembers the id that the brokers gave a topic when its first records were taken, over restarts and for all nodes.</summary>
public interface ITopicIds
{
    /// <summary>Notes a topic's id, unless there is one already.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="id">Its id now.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The id that was noted first.</returns>
    /// <exception cref="Snapshots.SnapshotUnavailableException">The store can't be reached now.</exception>
    Task<string> NoteTopicAsync(string topic, string id, CancellationToken cancellation);
}
