using Scoring.Models.Features.Plan;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.State;

/// <summary>How a feature set follows the sessions of users.</summary>
/// <param name="User">The plan of the users.</param>
/// <param name="GapMicros">The pause after which a session ends, in microseconds.</param>
/// <param name="LongestMicros">How long a session may be, in microseconds: as long as its entity surely holds its events.</param>
/// <param name="LatenessMicros">How far an event may lie behind the newest and still be inserted, in microseconds.</param>
internal sealed record SessionRules(EntityPlan User, long GapMicros, long LongestMicros, long LatenessMicros);

/// <summary>
/// What becomes of one user's sessions: runs of events at most the gap apart. One ends once the watermark is past its
/// last event by more than the gap; a late event that changes it afterwards makes a new revision. A run longer than a
/// session may be continues as another session. Knows one user at a time; whoever owns the users says when to look.
/// </summary>
internal sealed class UserSessions(SessionRules rules)
{
    private readonly HashSet<int> merchants = [];

    /// <summary>What was closed or corrected since it was last cleared.</summary>
    public List<SessionClosed> Closed { get; } = [];

    /// <summary>Adds an event that the user's entity has just inserted.</summary>
    public void Add(Entity user, long time)
    {
        var sessions = user.Sessions ??= [];
        var first = sessions.FindIndex(s => time <= s.End + rules.GapMicros);
        var touches = first >= 0 && time >= sessions[first].Start - rules.GapMicros;
        var second = touches && first + 1 < sessions.Count && time >= sessions[first + 1].Start - rules.GapMicros ? first + 1 : -1;
        if (second >= 0 && sessions[second].End - sessions[first].Start <= rules.LongestMicros && time > sessions[first].End)
            Merge(user, first, second);
        else if (second >= 0 && time > sessions[first].End && Fits(sessions[second], time))
            Extend(sessions, second, time);
        else if (touches && Fits(sessions[first], time))
            Extend(sessions, first, time);
        else
            sessions.Insert(NewPlace(sessions, first, time), new Session { FirstStart = time, Start = time, End = time, Changed = true });
        sessions.RemoveAll(s => !s.Changed && s.End + rules.GapMicros < user.Newest - rules.LatenessMicros);
    }

    /// <summary>Whether <see cref="Close"/> would report a session, and so change the user.</summary>
    public bool HasEnded(Entity user, long watermark)
    {
        foreach (var session in user.Sessions ?? [])
        {
            if (session.Changed && session.End + rules.GapMicros < watermark)
                return true;
        }

        return false;
    }

    /// <summary>Reports the user's sessions that the watermark has passed.</summary>
    public void Close(Entity user, long watermark)
    {
        for (var i = 0; i < (user.Sessions?.Count ?? 0); i++)
        {
            if (user.Sessions![i] is not { Changed: true } session || session.End + rules.GapMicros >= watermark)
                continue;
            session.Revision++;
            session.Changed = false;
            user.Sessions[i] = session;
            Closed.Add(Summarize(user, session));
        }
    }

    /// <summary>When the next of the user's sessions ends, in microseconds; <see cref="long.MaxValue"/> if none is open.</summary>
    public long NextDue(Entity user)
    {
        var due = long.MaxValue;
        foreach (var session in user.Sessions ?? [])
            due = session.Changed ? Math.Min(due, session.End + rules.GapMicros) : due;
        return due;
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
        Math.Max(session.End, time) - Math.Min(session.Start, time) <= rules.LongestMicros;

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
        var view = new EntityView(rules.User, user);
        var total = Int128.Zero;
        var from = view.UpperBound(session.Start - 1);
        var to = view.UpperBound(session.End);
        merchants.Clear();
        for (var place = from; place < to; place++)
        {
            total += view.Amount(place);
            if (view.Code(rules.User.MerchantTable, place) is not 0 and var code)
                merchants.Add(code);
        }

        return new SessionClosed(
            user.Key.ToArray(), session.FirstStart, session.Revision, session.Start, session.End, to - from, (decimal)total / Money.UnitsPerOne, merchants.Count, null);
    }
}
