using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests;

/// <summary>Labels, interactions and foreign transactions on their way into the input log.</summary>
public class RelayTests
{
    private const int Count = 400;

    [Fact]
    public async Task Labels_and_interactions_under_any_key_arrive_once_each_in_order_under_their_users()
    {
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        await using var host = await RunningHost.StartAsync(broker);
        SendLabels(client);
        for (var i = 0; i < Count; i++)
            client.SendTo("interactions", null, $$"""{"interactionId":"i-{{i}}","userId":"u-{{i % 7}}","type":"login","eventTime":1772366400000}""");
        client.Flush();

        var copies = client.Read("transactions", 2 * Count).ConvertAll(Copy.Of);
        Assert.Equal(2 * Count, copies.Count);
        Assert.Equal(2 * Count, copies.Select(c => (c.Topic, c.Partition, c.Offset)).Distinct().Count());
        Assert.All(copies, c => Assert.Equal(c.Topic == broker.Prefix + "labels" ? RecordKinds.Label : RecordKinds.Interaction, c.Kind));
        Assert.All(copies, c => Assert.Contains($"\"userId\":\"{c.Key}\"", c.Value, StringComparison.Ordinal));
        AssertFirstCopiesStandInOrder(copies);
    }

    [Fact]
    public async Task A_relay_that_dies_before_its_commit_repeats_and_the_headers_tell()
    {
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        SendLabels(client);
        client.Flush();
        string[] settings = [.. ServeProcess.SettingsFor(broker), "--Scoring:Relay:CommitInterval=00:10:00"];
        await using (var first = ServeProcess.Start(settings))
        {
            Assert.Equal(Count, client.Read("transactions", Count).Count);
            first.KillAtOnce();
        }

        await using var second = ServeProcess.Start(settings);
        var copies = client.Read("transactions", 2 * Count).ConvertAll(Copy.Of);
        Assert.Equal(2 * Count, copies.Count);
        Assert.All(copies.CountBy(c => (c.Topic, c.Partition, c.Offset)), c => Assert.Equal(2, c.Value));
        AssertFirstCopiesStandInOrder(copies);
    }

    [Fact]
    public async Task A_relay_that_is_stopped_in_order_repeats_nothing()
    {
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        SendLabels(client);
        client.Flush();
        await using (var first = await RunningHost.StartAsync(broker))
            Assert.Equal(Count, client.Read("transactions", Count).Count);
        client.SendTo("labels", "last", Label(Count));
        client.Flush();
        await using var second = await RunningHost.StartAsync(broker);
        Assert.Equal(Count + 1, client.Read("transactions", Count + 1).Count);
    }

    [Fact]
    public async Task Transactions_of_another_topic_under_other_keys_are_scored()
    {
        using var broker = new TestBroker(4, "pos");
        using var client = new TestClient(broker);
        await using var host = await RunningHost.StartAsync(broker, o => o with { Relay = o.Relay with { TransactionTopics = [broker.Prefix + "pos"], MaxInFlightRecords = 16 } });
        for (var i = 0; i < Count; i++)
            client.SendTo("pos", $"terminal-{i % 3}", Transaction(i, "2026-03-01T12:00:00Z"));
        client.SendTo("pos", "terminal-0", Transaction(Count, "2999-01-01T00:00:00Z"));
        client.Flush();

        var scores = client.Read("scores", Count);
        Assert.Equal(
            Enumerable.Range(0, Count).Select(i => $"pos-{i}").Order(StringComparer.Ordinal),
            scores.Select(s => ScoreKeys.TryRead(s.Message.Value, out var keys) ? keys.TransactionId : "unreadable").Order(StringComparer.Ordinal));
        var dead = Assert.Single(client.Read("transactions.dlq", 1));
        Assert.Equal("time_in_future", Header(dead, RecordHeaders.Reason));
    }

    [Fact]
    public async Task What_the_relay_cannot_read_is_a_dead_letter_as_it_was_and_what_stands_behind_it_goes_on()
    {
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        await using var host = await RunningHost.StartAsync(broker);
        client.SendTo("labels", "k", "junk");
        client.SendTo("labels", "k", Label(1));
        client.SendTo("interactions", "k", """{"interactionId":"i","userId":"4111111111111111","type":"login","eventTime":1772366400000}""");
        client.Flush();

        Assert.Equal("u-1", Encoding.UTF8.GetString(Assert.Single(client.Read("transactions", 1)).Message.Key!));
        var dead = client.Read("transactions.dlq", 2).ToDictionary(d => Header(d, RecordHeaders.OriginTopic)[broker.Prefix.Length..]);
        Assert.Equal(("junk", "k", "not_json", "0"), (Text(dead["labels"].Message.Value), Text(dead["labels"].Message.Key), Header(dead["labels"], RecordHeaders.Reason), Header(dead["labels"], RecordHeaders.OriginOffset)));
        Assert.Equal("card_number", Header(dead["interactions"], RecordHeaders.Reason));
        Assert.Equal(RecordKinds.Interaction, Header(dead["interactions"], RecordHeaders.Kind));
    }

    [Fact]
    public async Task A_node_that_is_told_not_to_relays_nothing()
    {
        using var broker = new TestBroker();
        using var client = new TestClient(broker);
        await using var host = await RunningHost.StartAsync(broker, o => o with { Relay = o.Relay with { Enabled = false } });
        SendLabels(client);
        client.Send("c", Transaction(1, "2026-03-01T12:00:00Z").Replace("u-1", "c", StringComparison.Ordinal));
        client.Flush();
        Assert.Single(client.Read("scores", 1));
        Assert.Single(client.Read("transactions", 1));
    }

    private static void SendLabels(TestClient client)
    {
        for (var i = 0; i < Count; i++)
            client.SendTo("labels", $"any-{i % 13}", Label(i));
    }

    private static string Label(int i) => $$"""{"transactionId":"t-{{i}}","cardId":"c-{{i % 7}}","userId":"u-{{i % 7}}","label":true,"eventTime":1772366400000}""";

    private static string Transaction(int i, string time) => $$"""{"transactionId":"pos-{{i}}","cardId":"c-{{i % 7}}","userId":"u-{{i % 7}}","amount":1,"eventTime":"{{time}}"}""";

    // What a shard relies on when it ignores a record that is not above the highest offset it has applied.
    private static void AssertFirstCopiesStandInOrder(List<Copy> copies)
    {
        foreach (var stream in copies.GroupBy(c => (c.Shard, c.Topic, c.Partition)))
        {
            var offsets = stream.OrderBy(c => c.Place).Select(c => c.Offset).Distinct().ToList();
            Assert.Equal(offsets.Order(), offsets);
        }
    }

    private static string Header(ConsumeResult<byte[]?, byte[]?> record, string name) => Text(record.Message.Headers.GetLastBytes(name));

    private static string Text(byte[]? bytes) => Encoding.UTF8.GetString(bytes!);

    private sealed record Copy(int Shard, long Place, string Topic, int Partition, long Offset, string Kind, string Key, string Value)
    {
        public static Copy Of(ConsumeResult<byte[]?, byte[]?> record)
        {
            var origin = Header(record, RecordHeaders.RelayedFrom).Split(':');
            return new Copy(
                record.Partition.Value,
                record.Offset.Value,
                origin[0],
                int.Parse(origin[1], CultureInfo.InvariantCulture),
                long.Parse(origin[2], CultureInfo.InvariantCulture),
                Header(record, RecordHeaders.Kind),
                Text(record.Message.Key),
                Text(record.Message.Value));
        }
    }
}
