using System.Globalization;
using System.Text;
using Scoring.Models.Wire;

namespace Scoring.IntegrationTests;

public class HostileRecordsTests
{
    private const int Hostile = 10_000;
    private const int Huge = 24;

    [Fact]
    public async Task Every_good_record_between_hostile_ones_is_scored_and_every_bad_one_is_a_dead_letter_with_its_reason()
    {
        using var broker = new TestBroker();
        await using var host = await RunningHost.StartAsync(broker);
        using var client = new TestClient(broker);
        var random = new Random(20260302);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(1_772_366_400_000);
        var good = 0;
        for (var i = 0; i < Hostile; i++)
        {
            var (key, value) = MakeHostile(random, i);
            client.Send(key, value, timestampMillis: now.ToUnixTimeMilliseconds());
            if (i % 4 == 0)
            {
                client.Send(Encoding.UTF8.GetBytes($"u-{good % 50}"), Encoding.UTF8.GetBytes(Good(good, now.AddMilliseconds(good))), timestampMillis: now.AddMilliseconds(good).ToUnixTimeMilliseconds());
                good++;
            }

            // The embedded broker keeps 5 MiB a partition, so the sender must not run far ahead.
            if (i % 100 == 99)
            {
                client.Flush();
                var sent = i + 1 + good;
                await Eventually.TrueAsync(() => host.Engine.Shards().Sum(s => s.Progress.FinishedRecords) == sent, $"the node has finished {sent} records");
            }
        }

        var scores = client.Read("scores", good);
        Assert.Equal(
            Enumerable.Range(0, good).Select(i => $"good-{i}").Order(StringComparer.Ordinal),
            scores.Select(s => ScoreKeys.TryRead(s.Message.Value, out var keys) ? keys.TransactionId : "unreadable").Order(StringComparer.Ordinal));

        // Dead letters of the huge values push others out of the embedded broker's memory, so what is counted is what the node counted.
        Assert.False(host.Completion.IsCompleted);
        var metrics = await host.Http.GetStringAsync("/metrics");
        var dead = metrics.Split('\n').Where(l => l.StartsWith("scoring_dead_letters_total{", StringComparison.Ordinal))
            .ToDictionary(l => l.Split('"')[1], l => long.Parse(l.Split(' ')[1], CultureInfo.InvariantCulture));
        Assert.Equal(Hostile, dead.Values.Sum());
        foreach (var reason in new[] { RejectReason.NotJson, RejectReason.WrongType, RejectReason.TooLarge, RejectReason.NullValue, RejectReason.NullKey, RejectReason.KeyMismatch, RejectReason.AbsurdAmount, RejectReason.CardNumber, RejectReason.TimeInFuture, RejectReason.InvalidText })
            Assert.True(dead.GetValueOrDefault(reason.Code()) > 0, $"no dead letter says {reason.Code()}");
    }

    [Fact]
    public async Task A_dead_letter_carries_the_record_as_it_was()
    {
        using var broker = new TestBroker(partitions: 1);
        await using var host = await RunningHost.StartAsync(broker);
        using var client = new TestClient(broker);
        var huge = new byte[2_000_000];
        new Random(3).NextBytes(huge);
        client.Send("k"u8.ToArray(), [0xFF, 0xFE, 0x00]);
        client.Send(null, "{}"u8.ToArray());
        client.Send("k"u8.ToArray(), null);
        client.Send("k"u8.ToArray(), huge);
        client.Flush();

        var dead = client.Read("transactions.dlq", 4).OrderBy(d => int.Parse(Header(d, RecordHeaders.OriginOffset), CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(["not_json", "null_key", "null_value", "too_large"], dead.Select(d => Header(d, RecordHeaders.Reason)));
        Assert.Equal([0xFF, 0xFE, 0x00], dead[0].Message.Value!);
        Assert.Null(dead[1].Message.Key);
        Assert.Null(dead[2].Message.Value);
        Assert.Equal(huge, dead[3].Message.Value);
        Assert.All(dead, d => Assert.Equal(broker.Prefix + "transactions", Header(d, RecordHeaders.OriginTopic)));
    }

    private static string Header(Confluent.Kafka.ConsumeResult<byte[]?, byte[]?> record, string name) =>
        Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes(name));

    private static string Good(int i, DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"transactionId":"good-{{i}}","cardId":"c-{{i % 50}}","userId":"u-{{i % 50}}","amount":{{i % 90}}.5,"eventTime":"{{time:yyyy-MM-ddTHH:mm:ss.fffZ}}","channel":"pos","country":"FR"}""");

    private static (byte[]? Key, byte[]? Value) MakeHostile(Random random, int i)
    {
        const string head = "{\"transactionId\":\"bad\",\"cardId\":\"c\",";
        const string time = "\"eventTime\":\"2026-03-01T12:00:00Z\"";
        var key = "c"u8.ToArray();
        if (i % (Hostile / Huge) == 1)
            return (key, new byte[2_000_000]);
        return (i % 16) switch
        {
            0 => (key, Noise(random, random.Next(1, 300))),
            1 => (key, Encoding.UTF8.GetBytes(Good(i, DateTimeOffset.UnixEpoch)[..random.Next(1, 60)])),
            2 => (key, Encoding.UTF8.GetBytes($"{head}\"amount\":1e{random.Next(20, 30_000)},{time}}}")),
            3 => (key, Encoding.UTF8.GetBytes($"{head}\"amount\":{new string('9', random.Next(20, 5_000))},{time}}}")),
            4 => (key, Encoding.UTF8.GetBytes($"{{\"x\":{new string('[', random.Next(65, 9_000))}")),
            5 => (key, Encoding.UTF8.GetBytes("{" + string.Concat(Enumerable.Repeat("\"a\":{", 500)))),
            6 => (key, Encoding.UTF8.GetBytes($"{head}\"amount\":\"12\",{time}}}")),
            7 => (key, Encoding.UTF8.GetBytes($"{head}\"amount\":[1],\"eventTime\":{{}}}}")),
            8 => (key, null),
            9 => (null, Encoding.UTF8.GetBytes($"{head}\"amount\":1,{time}}}")),
            10 => ("other"u8.ToArray(), Encoding.UTF8.GetBytes($"{head}\"amount\":1,{time}}}")),
            11 => ("4111111111111111"u8.ToArray(), Encoding.UTF8.GetBytes($"{{\"transactionId\":\"bad\",\"cardId\":\"4111111111111111\",\"amount\":1,{time}}}")),
            12 => (key, Encoding.UTF8.GetBytes($"{head}\"amount\":1,\"eventTime\":\"9999-01-01T00:00:00Z\"}}")),
            13 => (key, Encoding.UTF8.GetBytes($"{head}\"amount\":1,\"eventTime\":\"never\"}}")),
            14 => (key, [.. Encoding.UTF8.GetBytes($"{head}\"country\":\""), 0xC3, 0x28, .. Encoding.UTF8.GetBytes($"\",\"amount\":1,{time}}}")]),
            _ => (key, new byte[random.Next(33_000, 60_000)]),
        };
    }

    private static byte[] Noise(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
