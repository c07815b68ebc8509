using System.Diagnostics.Metrics;
using Akka.Actor.Setup;

namespace Scoring.Actors.Snapshots;

/// <summary>
/// What a <see cref="GroupCommitSnapshotStore"/> needs and a configuration's text can't hold. Part of the actor system's
/// set-up, since Akka.Persistence makes a plugin from its section alone.
/// </summary>
public sealed class SnapshotStoreSetup : Setup
{
    /// <summary>Makes the set-up, and with it the metrics: a store that restarts goes on with them.</summary>
    /// <param name="meters">Where the stores' metrics are counted.</param>
    /// <param name="time">The clock: of a snapshot without a time, of the window of a group, of deadlines.</param>
    public SnapshotStoreSetup(IMeterFactory meters, TimeProvider time)
    {
        Metrics = new SnapshotMetrics(meters);
        Time = time;
    }

    /// <summary>Makes the table instead of the database that the section names; null in the service. For a simulation's.</summary>
    internal Func<ISnapshotTable>? Table { get; init; }

    internal SnapshotMetrics Metrics { get; }

    internal TimeProvider Time { get; }
}
