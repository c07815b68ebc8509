using Microsoft.Extensions.Logging;

namespace Scoring.Kafka.Clients;

/// <summary>Whether the brokers answer.</summary>
public enum BrokerCondition
{
    /// <summary>They have not answered since the start.</summary>
    NeverReached,

    /// <summary>They answered when they were last asked.</summary>
    Reached,

    /// <summary>They have answered, and do not any more.</summary>
    Lost,
}

/// <summary>Whether the brokers answer.</summary>
/// <param name="Condition">Whether they do.</param>
/// <param name="For">For how long it has been so.</param>
/// <param name="Reason">What the client says of it; null while they answer, and before they were asked.</param>
public sealed record BrokerState(BrokerCondition Condition, TimeSpan For, string? Reason);

/// <summary>
/// Follows whether the brokers answer, and says so once each time it changes. Their absence stops nothing: the clients go on
/// trying, and what waits for them waits.
/// </summary>
public sealed partial class BrokerReachability
{
    private readonly string address;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private volatile Now now;

    /// <summary>Begins with brokers that have not been asked.</summary>
    /// <param name="address">The brokers, for the log.</param>
    /// <param name="time">Times how long it has been so.</param>
    /// <param name="logger">Where changes are said.</param>
    public BrokerReachability(string address, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(time);
        this.address = address;
        this.time = time;
        this.logger = logger;
        now = new Now(BrokerCondition.NeverReached, time.GetTimestamp(), null);
    }

    /// <summary>How it is now. Any thread may ask.</summary>
    public BrokerState State
    {
        get
        {
            var its = now;
            return new(its.Condition, time.GetElapsedTime(its.Since), its.Reason);
        }
    }

    /// <summary>The brokers have answered something. Called by one thread.</summary>
    internal void Answered()
    {
        if (now.Condition == BrokerCondition.Reached)
            return;
        LogReached(address, time.GetElapsedTime(now.Since).TotalSeconds);
        now = new Now(BrokerCondition.Reached, time.GetTimestamp(), null);
    }

    /// <summary>The brokers did not answer when they were asked whether they are there. Called by one thread.</summary>
    /// <param name="failure">What the client says.</param>
    internal void Missed(KafkaFailure failure)
    {
        var its = now;
        if (its.Reason is not null)
        {
            now = its with { Reason = failure.Message };
            return;
        }

        LogUnreachable(address, failure.Message);
        now = its.Condition == BrokerCondition.NeverReached ? its with { Reason = failure.Message } : new Now(BrokerCondition.Lost, time.GetTimestamp(), failure.Message);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Kafka at {Address} answers, {Seconds:N0} s after it was first asked or was lost")]
    private partial void LogReached(string address, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka at {Address} does not answer; everything that needs it waits until it does ({Reason})")]
    private partial void LogUnreachable(string address, string reason);

    private sealed record Now(BrokerCondition Condition, long Since, string? Reason);
}
