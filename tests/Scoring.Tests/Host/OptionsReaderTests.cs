using Microsoft.Extensions.Configuration;
using Scoring.Host.Options;

namespace Scoring.Tests.Host;

public class OptionsReaderTests
{
    [Fact]
    public void What_is_configured_by_nobody_is_right() => Assert.NotNull(Read());

    [Fact]
    public void Every_setting_that_cannot_be_read_is_named()
    {
        var error = Assert.Throws<OptionsException>(() => Read("Shards:MaxBatchRecords=many", "Source:SessionTimeout=soon", "Source:Assignor=Fair", "Shards:MaxBatches=4"));
        foreach (var name in new[] { "Shards:MaxBatchRecords", "Source:SessionTimeout", "Source:Assignor", "Shards:MaxBatches" })
            Assert.Contains($"Scoring:{name}: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Source:CommitInterval=60.00:00:00", "Source:CommitInterval")]
    [InlineData("Source:RevocationTimeout=60.00:00:00", "Source:RevocationTimeout")]
    [InlineData("Source:FetchWait=-00:00:01", "Source:FetchWait")]
    [InlineData("Output:Linger=-00:00:01", "Output:Linger")]
    [InlineData("Output:DeliveryTimeout=00:00:00.0001", "Output:DeliveryTimeout")]
    [InlineData("Output:Linger=00:00:30;Output:DeliveryTimeout=00:00:10", "Output:DeliveryTimeout")]
    [InlineData("Ledger:RetryDelay=-00:00:01", "Ledger:RetryDelay")]
    [InlineData("Shards:QueueFullDelay=60.00:00:00", "Shards:QueueFullDelay")]
    [InlineData("Topics:DeadLetters=transactions", "Topics:Transactions and Topics:DeadLetters are both 'transactions'")]
    [InlineData("Relay:TransactionTopics:0=transactions", "Topics:Transactions and Relay:TransactionTopics:0 are both 'transactions'")]
    [InlineData("Topics:Prefix=eu.;Relay:TransactionTopics:0=pos;Relay:TransactionTopics:1=eu.scores", "Topics:Scores and Relay:TransactionTopics:1")]
    [InlineData("Relay:TransactionTopics:0=a b", "Relay:TransactionTopics:0: 'a b' is no topic's name")]
    [InlineData("Relay:MaxInFlightRecords=0", "Relay:MaxInFlightRecords")]
    [InlineData("Relay:CommitInterval=00:00:00", "Relay:CommitInterval")]
    [InlineData("Relay:RetryDelay=-00:00:01", "Relay:RetryDelay")]
    [InlineData("Output:Guarantee=at_most_once", "Output:Guarantee")]
    [InlineData("Shards:NudgeInterval=00:00:00", "Shards:NudgeInterval")]
    [InlineData("Shards:FirstStoreRetry=00:00:00", "Shards:FirstStoreRetry")]
    [InlineData("Shards:LongestStoreRetry=-00:00:01", "Shards:LongestStoreRetry")]
    [InlineData("Output:Guarantee=exactly_once;Source:CommitInterval=00:00:10", "Source:CommitInterval")]
    [InlineData("Output:Guarantee=exactly_once;Source:RevocationTimeout=00:00:00.5", "Source:RevocationTimeout")]
    [InlineData("State:CheckpointInterval=00:00:00", "State:CheckpointInterval")]
    [InlineData("State:CommandTimeout=1.00:00:00", "State:CommandTimeout")]
    [InlineData("State:MaxDirtyEntities=0", "State:MaxDirtyEntities")]
    [InlineData("State:Provider=Postgres", "State:ConnectionString")]
    [InlineData("State:ConnectionString=Host=db", "State:ConnectionString")]
    [InlineData("State:Provider=Postgres;State:ConnectionString=Hots=db", "State:ConnectionString")]
    [InlineData("Topics:Prefix=my topic/", "Topics:Scores")]
    [InlineData("Http:Urls=8080", "Http:Urls")]
    [InlineData("Http:AdvertisedUrl=node-1:8080", "Http:AdvertisedUrl")]
    [InlineData("Http:ForwardTimeout=00:00:00", "Http:ForwardTimeout")]
    [InlineData("Ledger:Provider=Postgres", "Ledger:ConnectionString")]
    public void What_would_fail_later_is_refused_at_the_start(string settings, string named) =>
        Assert.Contains($"Scoring:{named}", Assert.Throws<OptionsException>(() => Read(settings.Split(';'))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("exactly_once")]
    [InlineData("ExactlyOnce")]
    public void The_guarantee_may_be_written_as_Kafka_writes_it(string term) =>
        Assert.Equal(Scoring.Actors.Sink.Guarantee.ExactlyOnce, Read($"Output:Guarantee={term}").Output.Guarantee);

    private static ScoringOptions Read(params string[] settings)
    {
        var values = settings.Select(s => s.Split('=', 2)).Select(s => KeyValuePair.Create($"Scoring:{s[0]}", (string?)s[1]));
        return OptionsReader.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build(), null);
    }
}
