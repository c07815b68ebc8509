using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Scoring.Kafka.Clients;

/// <summary>Where the clients' own messages go.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "librdkafka {Client} {Facility}: {Text}")]
    internal static partial void Say(ILogger logger, string client, string facility, string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Kafka {Client} reports {Code}: {Reason} (fatal: {IsFatal})")]
    internal static partial void Report(ILogger logger, string client, ErrorCode code, string reason, bool isFatal);
}
