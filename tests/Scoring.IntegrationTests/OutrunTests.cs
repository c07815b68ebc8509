using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Confluent.Kafka;
using Scoring.Host;

namespace Scoring.IntegrationTests;

/// <summary>What a node tells of records that left a topic before it read them.</summary>
public class OutrunTests
{
    // Of a KiB each: more than the 5 MiB that the broker keeps of a partition.
    private const int Records = 8_000;

    private static readonly string Pad = new('x', 1_000);

    [EmbeddedBrokerTheory]
    [InlineData("transactions", "scoring", "partition 0 is down (state_log_gap)")]
    [InlineData("labels", "scoring-relay", "not relayed: it.labels[0] holds offsets")]
    public async Task A_reader_that_was_outrun_is_told_by_the_list_of_shards(string topic, string group, string problem)
    {
        using var broker = new TestBroker(partitions: 1);
        using (var client = new TestClient(broker))
        {
            for (var i = 0; i < Records; i++)
            {
                client.SendTo(topic, "u", Pad);
                if (i % 1_000 == 0)
                    client.Flush();
            }

            client.Flush();
        }

        StandAt(broker, topic, group, 3);
        await using var host = await StartAsync(broker);
        using var http = new HttpClient { BaseAddress = new Uri(host.Address) };

        await Eventually.TrueAsync(
            async () => (await http.GetFromJsonAsync<JsonObject>("/v1/shards"))!["problems"]!.AsArray().Any(p => ((string)p!).StartsWith(problem, StringComparison.Ordinal)), "the node says that it was outrun");
        // A partition that is down is no reason to send others elsewhere; what beside them is not done is one.
        Assert.Equal(topic == "labels", (await DetailAsync(http)).Contains(problem, StringComparison.Ordinal));
        var counter = topic == "labels" ? "scoring_relay_lost" : "scoring_source_lost";
        var counted = Regex.Matches(await http.GetStringAsync("/metrics"), $@"^{counter}\w*\{{[^}}]*\}} (\d+)", RegexOptions.Multiline);
        Assert.InRange(counted.Sum(c => long.Parse(c.Groups[1].Value, CultureInfo.InvariantCulture)), 1, Records);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/live")).StatusCode);
    }

    private static async Task<ScoringHost> StartAsync(TestBroker broker)
    {
        var host = ScoringHost.Create([], options => options with
        {
            Http = options.Http with { Urls = "http://127.0.0.1:0" },
            Kafka = options.Kafka with { BootstrapServers = broker.BootstrapServers },
            Topics = options.Topics with { Prefix = broker.Prefix },
            Source = options.Source with { GroupId = broker.Group, FetchWait = TimeSpan.FromMilliseconds(2) },
        });
        await host.StartAsync(CancellationToken.None);
        return host;
    }

    private static async Task<string> DetailAsync(HttpClient http)
    {
        using var answer = await http.GetAsync("/health/ready");
        return answer.StatusCode == HttpStatusCode.OK ? "" : (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["detail"]!;
    }

    private static void StandAt(TestBroker broker, string topic, string group, long offset)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = broker.BootstrapServers, GroupId = broker.Prefix + group, EnableAutoCommit = false }).Build();
        consumer.Commit([new TopicPartitionOffset(broker.Prefix + topic, 0, offset)]);
    }
}
