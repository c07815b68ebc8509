using Akka.Actor;
using Scoring.Actors.Snapshots;

namespace Scoring.Actors.Partitions;

/// <summary>Waits until the snapshot store answers. A node that has not seen its store takes no part: it would get partitions that it can't take over.</summary>
internal static class StoreSight
{
    // Of no partition: it must not take the place of what an owner is told.
    private const int Nobody = -1;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>Asks until there is an answer.</summary>
    /// <param name="store">The store.</param>
    /// <param name="topic">The input log, a fence of which is read.</param>
    /// <param name="troubles">Where it is noted meanwhile why there is none.</param>
    /// <param name="time">Times the pauses.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task SeenAsync(IActorRef store, string topic, StoreTroubles troubles, TimeProvider time, CancellationToken cancellation)
    {
        // The store has bounds of its own for an answer.
        while (await store.Ask<object>(new ReadFence(topic, 0), cancellation) is FenceFailed failed)
        {
            troubles.Note(Nobody, StoreUse.Fence, failed.Cause.Message);
            await Task.Delay(Pause, time, cancellation);
        }

        troubles.Forget(Nobody);
    }
}
