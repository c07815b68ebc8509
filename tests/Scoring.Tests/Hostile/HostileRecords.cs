using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Scoring.Models.Wire;

namespace Scoring.Tests.Hostile;

/// <summary>Records as any producer may write them: values, keys, headers and timestamps of every kind.</summary>
internal sealed class HostileRecords(int seed)
{
    private static readonly string[] FieldNames =
    [
        "merchantId", "terminalId", "currency", "channel", "country", "mcc", "deviceId", "ip", "outcome",
    ];

    private static readonly string[] HeaderNames = [RecordHeaders.Kind, RecordHeaders.TraceParent, RecordHeaders.ReplyTo, RecordHeaders.RelayedFrom, RecordHeaders.Reason, "ce_type", ""];

    private static readonly string[] HeaderTexts =
    [
        RecordKinds.Transaction, RecordKinds.Label, RecordKinds.Interaction, RecordKinds.Tick, "TRANSACTION", "", "labels:0:7", "labels:0:9223372036854775807", "labels:2147483648:0", "labels:0:9223372036854775808",
        "a:b:c", ":::", "node:1", "node:9223372036854775808", "node:-1", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ];

    private readonly HostileValues values = new(seed);
    private int oddOneIn = 1;
    private string user = "";

    /// <summary>The next record, as the client hands it out.</summary>
    public ConsumeResult<byte[], byte[]> Next()
    {
        var value = Value();
        return new ConsumeResult<byte[], byte[]>
        {
            TopicPartitionOffset = new TopicPartitionOffset("transactions", 0, values.Next(1_000_000)),
            Message = new Message<byte[], byte[]> { Key = Key()!, Value = value!, Headers = Headers(), Timestamp = Timestamp() },
        };
    }

    /// <summary>A record's value: JSON of a transaction, label, interaction or tick with anything wrong with it, or no JSON.</summary>
    public byte[]? Value() => values.Next(20) switch
    {
        0 => null,
        1 => values.Noise(400),
        2 => Encoding.UTF8.GetBytes(values.Text()),
        3 => values.Mutated(Encoding.UTF8.GetBytes(Json())),
        4 => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Json())],
        5 => Encoding.Unicode.GetBytes(Json()),
        6 => new byte[values.Next(70_000)],
        7 => Encoding.UTF8.GetBytes(Tick()),
        _ => Encoding.UTF8.GetBytes(Json()),
    };

    private byte[]? Key() => values.Next(8) switch
    {
        0 => null,
        1 => values.Noise(20),
        2 => Encoding.UTF8.GetBytes(values.Text()),
        _ => Encoding.UTF8.GetBytes(user),
    };

    private Headers Headers()
    {
        Headers headers = [];
        for (var i = values.OneIn(4) ? values.Next(4) : 0; i > 0; i--)
            headers.Add(values.OneOf(HeaderNames), values.OneIn(6) ? null : values.OneIn(6) ? values.Noise(40) : Encoding.UTF8.GetBytes(values.OneOf(HeaderTexts)));
        return headers;
    }

    private Timestamp Timestamp() => new(
        values.OneIn(2) ? 1_772_366_400_000 : values.Number(),
        values.OneOf(TimestampType.NotAvailable, TimestampType.CreateTime, TimestampType.CreateTime, TimestampType.LogAppendTime));

    private string Tick() => $"{{\"eventTime\":\"{values.TimeText()}\"}}";

    // Some of it wholly harmless, so that much is valid, and some of it odd in a field or two or in most.
    private string Json()
    {
        var json = new StringBuilder("{");
        oddOneIn = values.OneOf(int.MaxValue, int.MaxValue, 10, 3);
        user = Harmless("u-1");
        Member(json, "transactionId", Quoted(Harmless("t-1")));
        Member(json, "cardId", Quoted(Harmless("c-1")));
        Member(json, "userId", Quoted(user));
        Member(json, "amount", values.OneIn(oddOneIn) ? values.NumberText() : "12.34");
        Member(json, "eventTime", Time());
        Member(json, "label", values.OneIn(oddOneIn) ? values.OneOf("null", "1", "\"true\"") : "true");
        Member(json, "interactionId", Quoted(Harmless("i-1")));
        Member(json, "type", Quoted(Harmless("login")));
        for (var i = values.Next(4); i > 0; i--)
            Member(json, values.OneIn(oddOneIn) ? values.Text() : values.OneOf(FieldNames), Quoted(Harmless("m-1")));
        if (values.OneIn(oddOneIn))
            Member(json, values.OneOf("amount", "eventTime", "cardId"), Any());
        return json.Append("\"x\":1}").ToString();
    }

    private string Harmless(string text) => values.OneIn(oddOneIn) ? values.Text() : values.OneIn(4) ? text : $"{text}{values.Next(1_000_000)}";

    private string Time()
    {
        if (!values.OneIn(oddOneIn))
            return values.OneOf("1772366400000", "\"2026-03-01T12:00:00.123Z\"", "\"2026-03-01T13:59:60+02:00\"");
        return values.OneIn(2) ? values.Number().ToString(CultureInfo.InvariantCulture) : Quoted(values.TimeText());
    }

    private void Member(StringBuilder json, string name, string value)
    {
        if (values.OneIn(oddOneIn) && values.OneIn(3))
            value = Any();
        if (!values.OneIn(oddOneIn) || values.OneIn(2))
            json.Append(Quoted(name)).Append(':').Append(value).Append(',');
    }

    private string Any() => values.Next(8) switch
    {
        0 => "null",
        1 => "true",
        2 => "[]",
        3 => "{\"a\":[1,{\"b\":2}]}",
        4 => new string('[', 40) + new string(']', 40),
        5 => values.NumberText(),
        6 => "\"\\ud800\"",
        _ => Quoted(values.Text()),
    };

    // As JSON writes it, with escapes now and then.
    private string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            if (c is '"' or '\\' or < ' ' || values.OneIn(40))
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }
}
