namespace Scoring.Models.Features.State;

/// <summary>
/// Which users of a table have sessions that the watermark will end, and in what order. What is reported belongs to the
/// record that was applied last.
/// </summary>
internal sealed class SessionTracker(EntityTable table, UserSessions sessions)
{
    // Due first; the key breaks ties, so that the order of reports is that of the log alone.
    private readonly PriorityQueue<Entity, (long Due, ulong Key)> waiting = new();

    /// <summary>Waits for the user's sessions to end.</summary>
    public void Watch(Entity user)
    {
        if (sessions.NextDue(user) is var due && due < user.WatchedDue)
            WaitUntil(user, due);
    }

    /// <summary>Reports every session that the watermark has passed.</summary>
    public void Close(long watermark)
    {
        while (waiting.TryPeek(out var user, out var next) && next.Due < watermark)
        {
            waiting.Dequeue();

            // A late event may have brought the end forward, or the user left; the entry of then is void.
            if (user.WatchedDue != next.Due)
                continue;

            // The session went on since: it waits anew, so that the order of reports is by when sessions end.
            if (sessions.NextDue(user) is var due && due > next.Due)
                WaitUntil(user, due);
            else
                Close(user, watermark);
        }
    }

    private void Close(Entity user, long watermark)
    {
        if (sessions.HasEnded(user, watermark))
            table.Changes.Mark(user);
        sessions.Close(user, watermark);
        user.WatchedDue = long.MaxValue;
        Watch(user);
    }

    private void WaitUntil(Entity user, long due)
    {
        user.WatchedDue = due;
        waiting.Enqueue(user, (due, user.KeyHash));
    }
}
