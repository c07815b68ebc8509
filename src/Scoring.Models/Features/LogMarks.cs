using System.Buffers;
using Scoring.Models.Features.Plan;
using Scoring.Models.Features.State;

namespace Scoring.Models.Features;

/// <summary>
/// What is known of one log beside its entities: how far event time has come, since when the history is known, and which
/// layouts stored states may have. Owned by one loop.
/// </summary>
public sealed class LogMarks
{
    private readonly CompiledFeatures features;
    private IReadOnlyList<SavedLayouts> dormant = [];

    /// <summary>The marks of a log of which nothing was read.</summary>
    /// <param name="features">What is computed over it.</param>
    public LogMarks(CompiledFeatures features)
    {
        ArgumentNullException.ThrowIfNull(features);
        this.features = features;
        Layouts = [.. features.Plan.Entities.Where(features.Keeps).Select(e => new LayoutHistory(e))];
        History = new WindowHistory(features.Plan, features.HistorySinceMicros, Layouts);
    }

    /// <summary>How far event time has come.</summary>
    public LogTime Time { get; private set; } = LogTime.Start;

    /// <summary>From when on each feature is warm.</summary>
    public WindowHistory History { get; private set; }

    /// <summary>Whether the history begins with the next event.</summary>
    public bool AwaitsHistory { get; private set; }

    /// <summary>The layouts of the kinds that are kept.</summary>
    internal LayoutHistory[] Layouts { get; }

    /// <summary>The layouts of a kind that is kept.</summary>
    internal LayoutHistory LayoutsOf(EntityPlan plan) => Array.Find(Layouts, l => l.Plan == plan)!;

    /// <summary>Says that nothing is known of what was before the next event.</summary>
    public void BeginHistory() => AwaitsHistory = true;

    /// <summary>Notes a new event, before it is applied: the first one begins a history that was waited for.</summary>
    /// <param name="micros">Its time, in microseconds since 1970-01-01T00:00:00Z.</param>
    public void Begin(long micros)
    {
        if (!AwaitsHistory)
            return;
        AwaitsHistory = false;
        History = new WindowHistory(features.Plan, micros, Layouts);
    }

    /// <summary>Moves event time on, after an event was applied.</summary>
    /// <param name="micros">The event's time, in microseconds since 1970-01-01T00:00:00Z.</param>
    public void Advance(long micros) => Time = Time.After(micros);

    /// <summary>Moves event time on by a tick.</summary>
    /// <param name="micros">The tick's time, in microseconds since 1970-01-01T00:00:00Z.</param>
    public void Tick(long micros) => Time = Time.AfterTick(micros);

    /// <summary>Writes the marks, and by which names states keep what, so that another feature set can read them.</summary>
    /// <param name="writer">Where to.</param>
    public void Save(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var since = AwaitsHistory ? EngineMarks.HistoryToCome : History.SinceMicros ?? EngineMarks.WholeHistory;
        new EngineMarks(Time.WatermarkMicros, Time.PreviousMicros, Time.ExpiryMicros, since, [.. Layouts.Select(l => l.Saved).Concat(dormant)]).Write(writer);
    }

    /// <summary>
    /// Takes over marks. Where another feature set wrote them, states are carried over by the names of what they keep, and
    /// features that need more than it kept are <c>cold_window</c> until their window has passed the watermark of then.
    /// </summary>
    /// <param name="bytes">What <see cref="Save"/> wrote.</param>
    /// <exception cref="StateDamagedException">They are not as they were written; nothing changed.</exception>
    /// <exception cref="StateLayoutException">They are of another format, or their states can't be carried over; nothing changed.</exception>
    public void Restore(ReadOnlySpan<byte> bytes)
    {
        var saved = EngineMarks.Read(bytes);
        var byKind = saved.Layouts.ToDictionary(l => l.Kind);
        foreach (var layout in Layouts)
        {
            if (byKind.TryGetValue(layout.Plan.Name, out var stored))
                layout.Check(stored);
        }

        Time = new LogTime(saved.Watermark, saved.PreviousTime, saved.ExpiryMark);
        AwaitsHistory = saved.HistorySince == EngineMarks.HistoryToCome;
        foreach (var layout in Layouts)
        {
            byKind.Remove(layout.Plan.Name, out var stored);
            layout.Restore(stored, Time.WatermarkMicros);
        }

        dormant = [.. byKind.Values.OrderBy(l => l.Kind, StringComparer.Ordinal).Select(l => l with { IsKept = false })];
        History = new WindowHistory(features.Plan, saved.HistorySince is EngineMarks.WholeHistory or EngineMarks.HistoryToCome ? null : saved.HistorySince, Layouts);
    }
}
