using Confluent.Kafka;
using Scoring.Kafka.Clients;

namespace Scoring.Tests.Kafka.Clients;

public sealed class KafkaErrorsTests
{
    [Theory]
    [InlineData(ErrorCode.Local_Fenced)]
    [InlineData(ErrorCode.ProducerFenced)]
    [InlineData(ErrorCode.InvalidProducerEpoch)]
    public void A_fenced_transaction_is_fenced_however_the_client_flags_it(ErrorCode code)
    {
        Assert.Equal(FailureClass.Fenced, KafkaErrors.OfTransaction(new KafkaException(new Error(code, "made", true))).Class);
        Assert.Equal(FailureClass.Fenced, KafkaErrors.OfTransaction(new KafkaTxnRequiresAbortException(new Error(code))).Class);
        Assert.Equal(FailureClass.Fenced, KafkaErrors.OfDelivery(new Error(code)).Class);
    }

    [Fact]
    public void A_transactions_failure_has_the_class_that_the_client_flags()
    {
        Assert.Equal(FailureClass.Abortable, KafkaErrors.OfTransaction(new KafkaTxnRequiresAbortException(new Error(ErrorCode.InvalidTxnState))).Class);
        Assert.Equal(FailureClass.Retriable, KafkaErrors.OfTransaction(new KafkaRetriableException(new Error(ErrorCode.Local_TimedOut))).Class);
        Assert.Equal(FailureClass.Fatal, KafkaErrors.OfTransaction(new KafkaException(new Error(ErrorCode.Local_Fatal, "made", true))).Class);
        Assert.Equal(FailureClass.Fatal, KafkaErrors.OfTransaction(new KafkaException(new Error(ErrorCode.Local_State))).Class);
    }

    [Theory]
    [InlineData(ErrorCode.MsgSizeTooLarge, FailureClass.Refused)]
    [InlineData(ErrorCode.InvalidRecord, FailureClass.Refused)]
    [InlineData(ErrorCode.InvalidTimestamp, FailureClass.Refused)]
    [InlineData(ErrorCode.Local_MsgTimedOut, FailureClass.Retriable)]
    [InlineData(ErrorCode.TopicAuthorizationFailed, FailureClass.Retriable)]
    [InlineData(ErrorCode.Local_Fatal, FailureClass.Fatal)]
    public void A_record_is_refused_for_its_own_sake_only(ErrorCode code, FailureClass its) => Assert.Equal(its, KafkaErrors.OfDelivery(new Error(code)).Class);

    [Theory]
    [InlineData(ErrorCode.UnknownMemberId, "nothing may subscribe with its id")]
    [InlineData(ErrorCode.IllegalGeneration, "nothing may subscribe with its id")]
    [InlineData(ErrorCode.UnknownTopicOrPart, "create the topic")]
    [InlineData(ErrorCode.GroupAuthorizationFailed, "right to read the group")]
    [InlineData(ErrorCode.Local_AllBrokersDown, "are the brokers up")]
    [InlineData(ErrorCode.InvalidTransactionTimeout, "transaction.max.timeout.ms")]
    public void What_a_person_has_to_mend_is_said(ErrorCode code, string words) => Assert.Contains(words, KafkaErrors.OfCall(new Error(code)).Message, StringComparison.Ordinal);
}
