using System.Text;
using Scoring.Actors.Entities;
using Scoring.Simulation.Broker;

namespace Scoring.Simulation.Workload;

/// <summary>Headers of the simulation's own, which the service does not read: they tell the oracle what the generator meant.</summary>
public static class InputHeaders
{
    /// <summary>Why the record is not valid; absent where it is.</summary>
    public const string Reason = "sim-reason";
}

/// <summary>What makes a step throw, so that poison can be told from a record's bytes: the merchant of a transaction.</summary>
public static class Poison
{
    /// <summary>The reason of the dead letter that a record becomes which always throws.</summary>
    public const string Reason = "poison";

    private const string Always = "poison-";
    private const string OnceInALife = "poison-once-";

    /// <summary>The merchant whose transactions always throw at a step.</summary>
    /// <param name="step">The step.</param>
    public static string MerchantOf(RecordStep step) => Always + step;

    /// <summary>The merchant whose transactions throw at a step once in a node's life.</summary>
    /// <param name="step">The step.</param>
    public static string MerchantOfOnce(RecordStep step) => OnceInALife + step;

    /// <summary>Whether a record always throws before it is known whether it is scored.</summary>
    /// <param name="record">The record.</param>
    public static bool ThrowsBeforeScore(LogRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Throws(RecordStep.Decode, record.Value) || Throws(RecordStep.Apply, record.Value);
    }

    /// <summary>Whether a record always throws when its score is written.</summary>
    /// <param name="record">The record.</param>
    public static bool ThrowsAtScore(LogRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Throws(RecordStep.Write, record.Value);
    }

    internal static bool Throws(RecordStep step, byte[]? value) => Names(value, MerchantOf(step));

    internal static bool ThrowsOnce(RecordStep step, byte[]? value) => Names(value, MerchantOfOnce(step));

    private static bool Names(byte[]? value, string merchant) => value.AsSpan().IndexOf(Encoding.UTF8.GetBytes($"\"{merchant}\"")) >= 0;
}
