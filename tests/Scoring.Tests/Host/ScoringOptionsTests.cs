using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Scoring.Host.Options;
using Scoring.Models.Durations;

namespace Scoring.Tests.Host;

public class ScoringOptionsTests
{
    [Fact]
    public void What_is_configured_by_nobody_is_right() => Assert.NotNull(Read());

    [Theory]
    [InlineData("24:00:00", 24)]
    [InlineData("48h", 48)]
    [InlineData("1.5d", 36)]
    [InlineData("1.00:00:00", 24)]
    public void Durations_are_read_as_everywhere(string text, double hours) =>
        Assert.Equal(TimeSpan.FromHours(hours), Read($"Entities:DuplicateHorizon={text}").Entities.DuplicateHorizon);

    [Fact]
    public void A_duration_without_a_unit_is_refused() =>
        Assert.Contains("Scoring:Decode:MaxTimeAhead: '5' has no unit; write 5s for seconds", Refusal("Decode:MaxTimeAhead=5"), StringComparison.Ordinal);

    [Fact]
    public void Every_number_and_every_duration_has_bounds_on_both_sides()
    {
        var unbounded = from section in typeof(ScoringOptions).GetProperties()
                        from property in section.PropertyType.GetProperties()
                        let type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType
                        where SettingCatalog.Find($"{section.Name}:{property.Name}") is not null
                        where type == typeof(TimeSpan) || type == typeof(int) || type == typeof(long) || type == typeof(double)
                        where !property.IsDefined(typeof(DurationRangeAttribute), true) && !property.IsDefined(typeof(RangeAttribute), true)
                        select $"{section.Name}:{property.Name}";
        Assert.Empty(unbounded);
    }

    [Theory]
    [InlineData("Kafka:BootstrapServer", "Kafka:BootstrapServers")]
    [InlineData("Kafak:BootstrapServers", "Kafka:BootstrapServers")]
    [InlineData("BootstrapServers", "Kafka:BootstrapServers")]
    [InlineData("Source:BootstrapServers", "Kafka:BootstrapServers")]
    [InlineData("State:ConectionString", "State:ConnectionString")]
    [InlineData("SHARDS:MAX_BATCH_RECORD", "Shards:MaxBatchRecords")]
    [InlineData("Http:Url", "Http:Urls")]
    public void A_setting_that_nothing_reads_is_refused_with_the_name_that_was_meant(string wrong, string right) =>
        Assert.Contains($"Scoring:{wrong}: nothing reads this setting; did you mean Scoring:{right}?", Refusal($"{wrong}=x"), StringComparison.Ordinal);

    [Theory]
    [InlineData("Kafka:Compression=lz4", "in Scoring:Kafka are BootstrapServers, Client, WatchInterval, EmbeddedPartitions")]
    [InlineData("Redis:Address=r", "in Scoring are NodeId, Kafka,")]
    [InlineData("Kafka=kafka:9092", "in it are BootstrapServers, Client, WatchInterval, EmbeddedPartitions")]
    [InlineData("Relay:TransactionTopics=pos", "write Scoring:Relay:TransactionTopics:0=VALUE")]
    [InlineData("Relay:TransactionTopics:first=pos", "the elements of a list are Relay:TransactionTopics:0,")]
    [InlineData("Kafka:Client=sasl", "write Scoring:Kafka:Client:NAME=VALUE")]
    [InlineData("Kafka:Client:sasl:username=u", "as Scoring:Kafka:Client:sasl.username")]
    [InlineData("NodeId:Name=n", "nothing reads this setting")]
    public void A_setting_at_the_wrong_place_is_refused_with_what_is_there(string setting, string hint) =>
        Assert.Contains(hint, Refusal(setting), StringComparison.Ordinal);

    [Theory]
    [InlineData("Kafka:BootstrapServers=", "Scoring:Kafka:BootstrapServers: is empty; name the brokers")]
    [InlineData("Kafka:BootstrapServers= ", "Scoring:Kafka:BootstrapServers: is empty; name the brokers")]
    [InlineData("State:Path=", "Scoring:State:Path: is empty")]
    [InlineData("Ledger:ConnectionString=", "Scoring:Ledger:ConnectionString: is empty")]
    [InlineData("Shards:MailboxRecords=", "Scoring:Shards:MailboxRecords: is empty")]
    public void A_setting_that_somebody_left_empty_is_refused(string setting, string message) =>
        Assert.Contains(message, Refusal(setting), StringComparison.Ordinal);

    [Fact]
    public void A_prefix_may_be_empty() => Assert.Equal("", Read("Topics:Prefix=").Topics.Prefix);

    [Theory]
    [InlineData("kafka-1:9092,,kafka-2:9092")]
    [InlineData("http://kafka:9092")]
    [InlineData("kafka:ninety")]
    [InlineData("kafka:70000")]
    [InlineData(":9092")]
    [InlineData("kafka 9092")]
    public void Brokers_without_an_address_are_refused(string servers) =>
        Assert.Contains("is no broker's address; host:port is wanted", Refusal($"Kafka:BootstrapServers={servers}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("kafka-1:9092, kafka-2:9092")]
    [InlineData("kafka")]
    [InlineData("SASL_SSL://kafka:9093")]
    [InlineData("[::1]:9092")]
    public void Brokers_are_named_as_their_client_reads_them(string servers) =>
        Assert.Equal(servers, Read($"Kafka:BootstrapServers={servers}").Source.BootstrapServers);

    [Theory]
    [InlineData("Output:Guarantee=7", "'7' is none of AtLeastOnce, ExactlyOnce")]
    [InlineData("Relay:Enabled=yes", "'yes' is neither true nor false")]
    [InlineData("Shards:MailboxRecords=0x10", "'0x10' is no whole number")]
    [InlineData("Shards:MailboxRecords=99999999999", "no whole number of at most 2,147,483,647")]
    [InlineData("Entities:DuplicateHorizon=0s", "Scoring:Entities:DuplicateHorizon: 0s is not between 1ms and 3650d")]
    [InlineData("Decode:MaxTextBytes=100000000", "Scoring:Decode:MaxTextBytes")]
    [InlineData("Decode:MaxTimeAhead=2d", "Scoring:Decode:MaxTimeAhead: 2d is not between 0s and 1d")]
    public void A_value_that_is_none_of_its_kind_or_out_of_its_bounds_is_refused(string setting, string message) =>
        Assert.Contains(message, Refusal(setting), StringComparison.Ordinal);

    [Fact]
    public void A_value_out_of_its_bounds_is_told_beside_one_that_cannot_be_read()
    {
        var message = Refusal("Shards:MaxBatchRecords=many", "Shards:TickInterval=60d");
        Assert.Contains("Scoring:Shards:MaxBatchRecords: ", message, StringComparison.Ordinal);
        Assert.Contains("Scoring:Shards:TickInterval: 60d is not between 100ms and 1d", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_file_of_settings_leaves_out_or_has_as_null_keeps_its_default()
    {
        using var json = new MemoryStream("""{ "Scoring": { "NodeId": null, "Relay": { "TransactionTopics": [] }, "Kafka": { "Client": {} }, "State": {} } }"""u8.ToArray());
        var options = CheckedOptions.Of(new ConfigurationBuilder().AddJsonStream(json).Build());
        Assert.Empty(options.Relay.TransactionTopics);
        Assert.NotEmpty(options.NodeId);
    }

    [Fact]
    public void A_section_of_a_file_that_nothing_reads_is_refused()
    {
        using var json = new MemoryStream("""{ "Scorin": { "NodeId": "n" }, "Loging": {}, "Redis": {}, "Logging": { "LogLevel": { "Default": "Verbos" } } }"""u8.ToArray());
        var message = Assert.Throws<OptionsException>(() => CheckedOptions.Of(new ConfigurationBuilder().AddJsonStream(json).Build())).Message;
        Assert.Contains("Scorin: nothing reads this section; did you mean Scoring?", message, StringComparison.Ordinal);
        Assert.Contains("Loging: nothing reads this section; did you mean Logging?", message, StringComparison.Ordinal);
        Assert.Contains("Redis: nothing reads this section; the service's own is Scoring", message, StringComparison.Ordinal);
        Assert.Contains("Logging:LogLevel:Default: 'Verbos' is none of Trace, Debug,", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_that_cannot_be_read_is_named()
    {
        var error = Assert.Throws<OptionsException>(() => Read("Shards:MaxBatchRecords=many", "Source:CommitInterval=soon", "Source:FirstStart=Middle", "Shards:MaxBatches=4"));
        foreach (var name in new[] { "Shards:MaxBatchRecords", "Source:CommitInterval", "Source:FirstStart", "Shards:MaxBatches" })
            Assert.Contains($"Scoring:{name}: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Source:CommitInterval=60.00:00:00", "Source:CommitInterval")]
    [InlineData("Source:FetchWait=-00:00:01", "Source:FetchWait")]
    [InlineData("Output:Linger=-00:00:01", "Output:Linger")]
    [InlineData("Output:DeliveryTimeout=00:00:00.0001", "Output:DeliveryTimeout")]
    [InlineData("Output:Linger=00:00:30;Output:DeliveryTimeout=00:00:10", "Output:DeliveryTimeout")]
    [InlineData("Ledger:RetryDelay=-00:00:01", "Ledger:RetryDelay")]
    [InlineData("Topics:DeadLetters=transactions", "Topics:Transactions and Topics:DeadLetters are both 'transactions'")]
    [InlineData("Relay:TransactionTopics:0=transactions", "Topics:Transactions and Relay:TransactionTopics:0 are both 'transactions'")]
    [InlineData("Topics:Prefix=eu.;Relay:TransactionTopics:0=pos;Relay:TransactionTopics:1=eu.scores", "Topics:Scores and Relay:TransactionTopics:1")]
    [InlineData("Relay:TransactionTopics:0=a b", "Relay:TransactionTopics:0: 'a b' is no topic's name")]
    [InlineData("Relay:MaxInFlightRecords=0", "Relay:MaxInFlightRecords")]
    [InlineData("Relay:CommitInterval=00:00:00", "Relay:CommitInterval")]
    [InlineData("Relay:RetryDelay=-00:00:01", "Relay:RetryDelay")]
    [InlineData("Output:Guarantee=at_most_once", "Output:Guarantee")]
    [InlineData("Shards:NudgeInterval=00:00:00", "Shards:NudgeInterval")]
    [InlineData("Output:Guarantee=exactly_once;Source:CommitInterval=00:00:10", "Source:CommitInterval")]
    [InlineData("State:CheckpointInterval=00:00:00", "State:CheckpointInterval")]
    [InlineData("State:CommandTimeout=1.00:00:00", "State:CommandTimeout")]
    [InlineData("State:MaxDirtyEntities=0", "State:MaxDirtyEntities")]
    [InlineData("State:Provider=Postgres", "State:ConnectionString")]
    [InlineData("State:ConnectionString=Host=db", "State:ConnectionString")]
    [InlineData("State:Provider=Postgres;State:ConnectionString=Hots=db", "State:ConnectionString")]
    [InlineData("Topics:Prefix=my topic/", "Topics:Scores")]
    [InlineData("Http:Urls=8080", "Http:Urls")]
    [InlineData("Http:AdvertisedUrl=node-1:8080", "Http:AdvertisedUrl")]
    [InlineData("Source:SessionTimeout=00:00:10", "Source:SessionTimeout")]
    [InlineData("Http:ForwardTimeout=00:00:02", "Http:ForwardTimeout")]
    [InlineData("Ledger:Provider=Postgres", "Ledger:ConnectionString")]
    public void What_would_fail_later_is_refused_at_the_start(string settings, string named) =>
        Assert.Contains($"Scoring:{named}", Assert.Throws<OptionsException>(() => Read(settings.Split(';'))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("exactly_once")]
    [InlineData("ExactlyOnce")]
    public void The_guarantee_may_be_written_as_Kafka_writes_it(string term) =>
        Assert.Equal(Scoring.Actors.Sink.Guarantee.ExactlyOnce, Read($"Output:Guarantee={term}").Output.Guarantee);

    private static string Refusal(params string[] settings) => Assert.Throws<OptionsException>(() => Read(settings)).Message;

    private static ScoringOptions Read(params string[] settings)
    {
        var values = settings.Select(s => s.Split('=', 2)).Select(s => KeyValuePair.Create($"Scoring:{s[0]}", (string?)s[1]));
        return CheckedOptions.Of(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
    }
}
