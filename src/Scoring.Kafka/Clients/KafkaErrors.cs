using Confluent.Kafka;

namespace Scoring.Kafka.Clients;

/// <summary>Tells the client's errors apart, and puts in words what a person can do about those that a person has to mend.</summary>
public static class KafkaErrors
{
    /// <summary>The class of an error of a consumer, a look-up or a commit.</summary>
    /// <param name="error">The error.</param>
    public static KafkaFailure OfCall(Error error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new(error.IsFatal ? FailureClass.Fatal : FailureClass.Retriable, error.Code, Words(error));
    }

    /// <summary>The class of an error of a record that was produced.</summary>
    /// <param name="error">The error.</param>
    public static KafkaFailure OfDelivery(Error error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return IsOfRecord(error.Code) ? new(FailureClass.Refused, error.Code, Words(error)) : IsFenced(error.Code) ? new(FailureClass.Fenced, error.Code, Words(error)) : OfCall(error);
    }

    /// <summary>
    /// The class of an error of a transactional call. The client's documentation (rdkafka.h, "Handling of other errors")
    /// has those without a flag be treated as fatal.
    /// </summary>
    /// <param name="exception">What the client threw.</param>
    public static KafkaFailure OfTransaction(KafkaException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        var error = exception.Error;
        // Fenced first: the client reports it as fatal too.
        var its = IsFenced(error.Code) ? FailureClass.Fenced
            : exception is KafkaTxnRequiresAbortException ? FailureClass.Abortable
            : exception is KafkaRetriableException ? FailureClass.Retriable
            : FailureClass.Fatal;
        return new(its, error.Code, Words(error));
    }

    /// <summary>Whether an error says that an offset is not in the log.</summary>
    /// <param name="error">The error.</param>
    public static bool IsGap(Error error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.Code is ErrorCode.Local_AutoOffsetReset or ErrorCode.OffsetOutOfRange;
    }

    // The client makes one code of the brokers' two where a transactional call fails, but not where a record does.
    private static bool IsFenced(ErrorCode code) => code is ErrorCode.Local_Fenced or ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch;

    private static bool IsOfRecord(ErrorCode code) =>
        code is ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge or ErrorCode.InvalidRecord or ErrorCode.InvalidTimestamp;

    private static string Words(Error error) => Hint(error.Code) is { } hint ? $"{error.Code}: {error.Reason}; {hint}" : $"{error.Code}: {error.Reason}";

    private static string? Hint(ErrorCode code) => code switch
    {
        ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Transport or ErrorCode.Local_Resolve =>
            "are the brokers up, and are the bootstrap servers their addresses?",
        ErrorCode.Local_TimedOut or ErrorCode.Local_MsgTimedOut or ErrorCode.Local_TimedOutQueue or ErrorCode.RequestTimedOut =>
            "the brokers did not answer in time",
        ErrorCode.Local_WaitCoord or ErrorCode.GroupCoordinatorNotAvailable or ErrorCode.NotCoordinatorForGroup or ErrorCode.GroupLoadInProgress =>
            "the coordinator is not available now",
        ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic or ErrorCode.Local_UnknownPartition =>
            "create the topic with the partitions that are needed, or mend its name",
        ErrorCode.TopicAuthorizationFailed => "this client's user needs the rights to read and write the topic",
        ErrorCode.GroupAuthorizationFailed => "this client's user needs the right to read the group",
        ErrorCode.TransactionalIdAuthorizationFailed => "this client's user needs the right to write the transactional id",
        ErrorCode.ClusterAuthorizationFailed => "this client's user needs the right to write idempotently to the cluster",
        ErrorCode.SaslAuthenticationFailed or ErrorCode.Local_Authentication or ErrorCode.Local_Ssl =>
            "check the client's security settings",
        ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration or ErrorCode.RebalanceInProgress or ErrorCode.FencedInstanceId =>
            "a consumer has joined the group that names the committed offsets; nothing may subscribe with its id",
        ErrorCode.InvalidTransactionTimeout => "transaction.timeout.ms must not be above the brokers' transaction.max.timeout.ms",
        ErrorCode.MsgSizeTooLarge or ErrorCode.RecordListTooLarge => "the record is larger than message.max.bytes of the client or max.message.bytes of the topic",
        ErrorCode.Local_Fenced or ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch =>
            "another client has taken the transactional id over, or the transaction was open for longer than transaction.timeout.ms",
        _ => null,
    };
}
