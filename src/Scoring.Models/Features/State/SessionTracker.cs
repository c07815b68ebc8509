using Scoring.Models.Features.Plan;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.State;

/// <summary>
/// Follows the sessions of users: runs of events at most the gap apart. One ends once the watermark is past its
/// last event by more than the gap; a late event that changes it afterwards makes a new revision. What is
/// reported belongs to the record that was applied last. A session is at most as long as its entity surely
/// holds its events; a longer run continues as another session.
/// </summary>
internal sealed class SessionTracker(EntityTable table, long gapMicros, long longestMicros, long latenessMicros)
{
    // Due first; the key breaks ties, so that the order of reports is that of the log alone.
    private readonly PriorityQueue<Entity, (long Due, ulong Key)> waiting = new();
    private readonly HashSet<int> merchants = [];

    /// <summary>What the last record closed or corrected.</summary>
    public List<SessionClosed> Closed { get; } = [];

    /// <summary>Adds an event that the user's entity has just inserted.</summary>
    public void Add(Entity user, long time)
    {
        var sessions = user.Sessions ??= [];
        var first = sessions.FindIndex(s => time <= s.End + gapMicros);
        var touches = first >= 0 && time >= sessions[first].Start - gapMicros;
        var second = touches && first + 1 < sessions.Count && time >= sessions[first + 1].Start - gapMicros ? first + 1 : -1;
        if (second >= 0 && sessions[second].End - sessions[first].Start <= longestMicros && time > sessions[first].End)
            Merge(user, first, second);
        else if (second >= 0 && time > sessions[first].End && Fits(sessions[second], time))
            Extend(sessions, second, time);
        else if (touches && Fits(sessions[first], time))
            Extend(sessions, first, time);
        else
            sessions.Insert(NewPlace(sessions, first, time), new Session { FirstStart = time, Start = time, End = time, Changed = true });
        sessions.RemoveAll(s => !s.Changed && s.End + gapMicros < user.Newest - latenessMicros);
        Watch(user);
    }

    /// <summary>Waits for the user's sessions to end.</summary>
    public void Watch(Entity user)
    {
        if (NextDue(user) is var due && due < user.WatchedDue)
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
            if (NextDue(user) is var due && due > next.Due)
                WaitUntil(user, due);
            else
                Close(user, watermark);
        }
    }

    /// <summary>Reports the user's sessions that the watermark has passed.</summary>
    public void Close(Entity user, long watermark)
    {
        if (user.WatchedDue >= watermark)
            return;
        for (var i = 0; i < user.Sessions!.Count; i++)
        {
            if (user.Sessions[i] is not { Changed: true } session || session.End + gapMicros >= watermark)
                continue;
            table.Changes.Mark(user);
            session.Revision++;
            session.Changed = false;
            user.Sessions[i] = session;
            Closed.Add(Summarize(user, session));
        }

        user.WatchedDue = long.MaxValue;
        Watch(user);
    }

    private long NextDue(Entity user)
    {
        var due = long.MaxValue;
        if (user.Sessions is not { } sessions)
            return due;
        foreach (var session in sessions)
            due = session.Changed ? Math.Min(due, session.End + gapMicros) : due;
        return due;
    }

    private void WaitUntil(Entity user, long due)
    {
        user.WatchedDue = due;
        waiting.Enqueue(user, (due, user.KeyHash));
    }

    private static int NewPlace(List<Session> sessions, int first, long time)
    {
        if (first < 0)
            return sessions.Count;
        return time > sessions[first].End ? first + 1 : first;
    }

    private static void Extend(List<Session> sessions, int index, long time)
    {
        var session = sessions[index];
        session.Start = Math.Min(session.Start, time);
        session.End = Math.Max(session.End, time);
        session.Changed = true;
        sessions[index] = session;
    }

    private bool Fits(Session session, long time) =>
        Math.Max(session.End, time) - Math.Min(session.Start, time) <= longestMicros;

    private void Merge(Entity user, int first, int second)
    {
        var (kept, merged) = (user.Sessions![first], user.Sessions[second]);
        if (merged.Revision > 0)
            Closed.Add(new SessionClosed(user.Key.ToArray(), merged.FirstStart, merged.Revision + 1, merged.Start, merged.End, 0, 0, 0, kept.FirstStart));
        kept.End = merged.End;
        kept.Changed = true;
        user.Sessions[first] = kept;
        user.Sessions.RemoveAt(second);
    }

    private SessionClosed Summarize(Entity user, Session session)
    {
        var view = new EntityView(table.Plan, user);
        var total = Int128.Zero;
        var from = view.UpperBound(session.Start - 1);
        var to = view.UpperBound(session.End);
        merchants.Clear();
        for (var place = from; place < to; place++)
        {
            total += view.Amount(place);
            if (view.Code(table.Plan.MerchantTable, place) is not 0 and var code)
                merchants.Add(code);
        }

        return new SessionClosed(
            user.Key.ToArray(), session.FirstStart, session.Revision, session.Start, session.End, to - from, (decimal)total / Money.UnitsPerOne, merchants.Count, null);
    }
}
