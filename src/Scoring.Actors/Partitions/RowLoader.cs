using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Persistence;

namespace Scoring.Actors.Partitions;

/// <summary>Loads one row for its parent, asking again while the store is away; the parent has the deadline.</summary>
internal sealed class RowLoader(IActorRef store, string id, long newest, object tag) : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public ITimerScheduler Timers { get; set; } = null!;

    internal static Props Props(IActorRef store, string id, long newest, object tag) => Akka.Actor.Props.Create(() => new RowLoader(store, id, newest, tag));

    protected override void PreStart() => Ask();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case LoadSnapshotResult result:
                Context.Parent.Tell(new RowLoaded(tag, result.Snapshot));
                Context.Stop(Self);
                break;
            case LoadSnapshotFailed { Cause: SerializationException unknown }:
                Context.Parent.Tell(new RowUnreadable($"the row {id}: {unknown.Message}"));
                Context.Stop(Self);
                break;
            case LoadSnapshotFailed:
                Timers.StartSingleTimer(nameof(Ask), nameof(Ask), Pause);
                break;
            case string:
                Ask();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Ask() => store.Tell(new LoadSnapshot(id, new SnapshotSelectionCriteria(newest), newest));
}

/// <summary>A row that is there, and of which this program does not know what it is.</summary>
/// <param name="Why">What it is not.</param>
internal sealed record RowUnreadable(string Why) : INoSerializationVerificationNeeded;

/// <summary>A row that was asked for.</summary>
/// <param name="Tag">What it was asked by.</param>
/// <param name="Snapshot">The row; null if there is none.</param>
internal sealed record RowLoaded(object Tag, SelectedSnapshot? Snapshot) : INoSerializationVerificationNeeded;
