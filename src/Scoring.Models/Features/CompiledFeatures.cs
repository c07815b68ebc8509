using Scoring.Models.Features.Plan;
using Scoring.Models.Features.State;

namespace Scoring.Models.Features;

/// <summary>
/// A feature set made ready to be computed: what is kept of each entity and how it is read. Immutable; engines and
/// cardholders of any number share one.
/// </summary>
public sealed class CompiledFeatures
{
    /// <summary>Compiles a feature set.</summary>
    /// <param name="set">The features to compute.</param>
    /// <param name="options">How they are computed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The duplicate horizon is not above 0, or above 3,650 days.</exception>
    public CompiledFeatures(FeatureSet set, FeatureEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.DuplicateHorizon, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.DuplicateHorizon, TimeSpan.FromDays(3650));
        Set = set;
        Plan = set.Compile(options.DuplicateHorizon);
        HorizonMicros = options.DuplicateHorizon.Ticks / TimeSpan.TicksPerMicrosecond;
        LocalEntitiesOnly = options.LocalEntitiesOnly;
        HistorySinceMicros = options.HistorySinceMicros;
        Sessions = Rules(set, Plan);
    }

    /// <summary>The features.</summary>
    public FeatureSet Set { get; }

    /// <summary>The pause after which a user's session ends, in microseconds; null where sessions are not followed.</summary>
    public long? SessionGapMicros => Sessions?.GapMicros;

    /// <summary>For how long a cardholder without further events may still be found: idle for longer, as of the log's time, it is as good as unknown. In microseconds.</summary>
    public long CardholderIdleMicros => 2 * Plan.Entities.Where(Keeps).Max(e => e.HoldMicros);

    internal FeaturePlan Plan { get; }

    internal long HorizonMicros { get; }

    internal bool LocalEntitiesOnly { get; }

    internal long? HistorySinceMicros { get; }

    /// <summary>Null where sessions are not followed.</summary>
    internal SessionRules? Sessions { get; }

    internal bool Keeps(EntityPlan entity) => !LocalEntitiesOnly || entity.IsLocal;

    private static SessionRules? Rules(FeatureSet set, FeaturePlan plan) => set.Parsed.Sessions is { } declared
        ? new SessionRules(Array.Find(plan.Entities, e => e.MerchantTable >= 0)!, declared.GapMicros, declared.Entity.RetainMicros - declared.GapMicros, set.LatenessMicros)
        : null;
}
