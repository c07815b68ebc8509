using Scoring.Simulation.Broker;

namespace Scoring.Simulation.Workload;

/// <summary>Headers of the simulation's own, which the service does not read: they tell the oracle what the generator meant.</summary>
public static class InputHeaders
{
    /// <summary>Why the record is not valid; absent where it is.</summary>
    public const string Reason = "sim-reason";
}

/// <summary>What makes an entity throw, so that poison can be told from a record's bytes.</summary>
public static class Poison
{
    /// <summary>The merchant whose transactions always throw.</summary>
    public const string Always = "poison";

    /// <summary>The merchant whose transactions throw once in a shard's life.</summary>
    public const string Once = "poison-once";

    /// <summary>The reason of the dead letter that such a record becomes.</summary>
    public const string Reason = "poison";

    /// <summary>Whether a record always throws.</summary>
    /// <param name="record">The record.</param>
    public static bool IsAlways(LogRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return record.Value.AsSpan().IndexOf("\"poison\""u8) >= 0;
    }
}
