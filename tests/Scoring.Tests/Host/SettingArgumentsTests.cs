using Scoring.Host.Options;

namespace Scoring.Tests.Host;

public class SettingArgumentsTests
{
    [Theory]
    [InlineData("--Scoring:Kafka:BootstrapServers=kafka:9092")]
    [InlineData("/Scoring:Kafka:BootstrapServers=kafka:9092")]
    [InlineData("Scoring:Kafka:BootstrapServers=kafka:9092")]
    public void A_setting_with_its_value_is_accepted(string argument)
    {
        var arguments = SettingArguments.Read([argument]);
        Assert.Empty(arguments.Errors);
        Assert.Equal(["--Scoring:Kafka:BootstrapServers=kafka:9092"], arguments.Accepted);
    }

    [Theory]
    [InlineData("--Logging:LogLevel:Default=Debug")]
    [InlineData("--Kestrel:Certificates:Default:Path=c.pfx")]
    [InlineData("--environment=Development")]
    public void What_the_parts_of_the_host_read_is_accepted(string argument) => Assert.Equal([argument], SettingArguments.Read([argument]).Accepted);

    [Theory]
    [InlineData("--bootstrap-servers=kafka:9092", "did you mean --Scoring:Kafka:BootstrapServers=VALUE?")]
    [InlineData("--Kafka:BootstrapServers=kafka:9092", "did you mean --Scoring:Kafka:BootstrapServers=VALUE?")]
    [InlineData("--Scorin:Http:Urls=http://*:80", "did you mean --Scoring:Http:Urls=VALUE?")]
    [InlineData("--urls=http://*:80", "did you mean --Scoring:Http:Urls=VALUE?")]
    [InlineData("-u=http://*:80", "a setting is written --Scoring:NAME=VALUE")]
    [InlineData("--verbose", "a setting is written --Scoring:NAME=VALUE")]
    [InlineData("kafka:9092", "a setting is written --Scoring:NAME=VALUE")]
    public void An_argument_that_nothing_reads_is_refused_by_name(string argument, string hint)
    {
        var error = Assert.Single(SettingArguments.Read([argument]).Errors);
        Assert.StartsWith($"'{argument}': nothing reads this argument; {hint}", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_stands_apart_from_its_name_is_not_lost_without_a_word()
    {
        var arguments = SettingArguments.Read(["--Scoring:Http:Urls", "http://*:80"]);
        Assert.Empty(arguments.Accepted);
        Assert.Equal("'--Scoring:Http:Urls': has no value; write --Scoring:Http:Urls=VALUE, as one argument", arguments.Errors[0]);
        Assert.StartsWith("'http://*:80': nothing reads this argument", arguments.Errors[1], StringComparison.Ordinal);
    }
}
