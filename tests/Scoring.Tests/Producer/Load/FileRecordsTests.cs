using System.IO.Compression;
using System.Text;
using Scoring.Models.Files;
using Scoring.Models.Wire;
using Scoring.Producer.Load;
using Scoring.Producer.Simulation;

namespace Scoring.Tests.Producer.Load;

public sealed class FileRecordsTests : IDisposable
{
    private const string Map = """
        columns: { transactionId: ID, cardId: CARD, terminalId: TERMINAL, amount: AMOUNT, eventTime: TIME, label: FRAUD }
        timeFormat: "yyyy-MM-dd HH:mm:ss"
        timeZone: UTC
        labelDelay: 60s
        """;

    private const long Now = 1_772_366_400_000_000;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("scoring-file-records");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("x.csv")]
    [InlineData("x.csv.gz")]
    public void Rows_become_transactions_in_order_and_labels_come_when_they_are_known(string name)
    {
        using var source = Open(name, """
            ID,TIME,CARD,TERMINAL,AMOUNT,FRAUD
            1,2018-04-01 00:00:00,596,3156,57.16,1
            2,2018-04-01 00:00:30,4961,3412,81.5,0
            3,2018-04-01 00:01:00,596,1,0,1
            4,2018-04-01 00:02:01,7,,1.23456,
            """);

        Assert.Equal(
            [
                """Transaction 596: {"transactionId":"1","cardId":"596","terminalId":"3156","amount":57.16,"eventTime":"2018-04-01T00:00:00.000Z"}""",
                """Transaction 4961: {"transactionId":"2","cardId":"4961","terminalId":"3412","amount":81.5,"eventTime":"2018-04-01T00:00:30.000Z"}""",
                """Label 596: {"transactionId":"1","cardId":"596","userId":"596","label":true,"eventTime":"2018-04-01T00:01:00.000Z"}""",
                """Transaction 596: {"transactionId":"3","cardId":"596","terminalId":"1","amount":0,"eventTime":"2018-04-01T00:01:00.000Z"}""",
                """Label 596: {"transactionId":"3","cardId":"596","userId":"596","label":true,"eventTime":"2018-04-01T00:02:00.000Z"}""",
                """Transaction 7: {"transactionId":"4","cardId":"7","amount":1.2346,"eventTime":"2018-04-01T00:02:01.000Z"}""",
            ],
            Texts(source));
        Assert.Null(source.Problem);
    }

    [Fact]
    public void Labels_that_are_known_after_the_last_row_still_come()
    {
        using var source = Open("x.csv", "ID,TIME,CARD,TERMINAL,AMOUNT,FRAUD\n1,2018-04-01 00:00:00,596,3156,57.16,1\n");

        Assert.Equal(["Transaction", "Label"], Texts(source).Select(t => t.Split(' ')[0]));
    }

    [Fact]
    public void Rows_that_are_no_transactions_are_left_out_and_reported()
    {
        using var source = Open("x.csv", """
            ID,TIME,CARD,TERMINAL,AMOUNT,FRAUD
            1,2018-04-01 00:00:00,596,3156,57.16,0
            2,yesterday,596,3156,57.16,0
            3,2018-04-01 00:00:00,,3156,57.16,0
            4,2018-04-01 00:00:00,596,3156,57.16,0
            """);

        Assert.Equal(2, Texts(source).Count());
        Assert.Contains("2 rows of x.csv", source.Problem, StringComparison.Ordinal);
        Assert.Contains("line 3: eventTime: 'yesterday'", source.Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,2018-04-01 00:00:00,9999999999999995,3156,1,0", "x.csv has no row that is a transaction, of 1 (line 2: cardId: is a raw card number; a token is wanted); is this the right map?")]
    [InlineData("1,2999-04-01 00:00:00,596,3156,1,0", "the service can score none of the 1 transactions of x.csv; the first: eventTime: ")]
    [InlineData("", "x.csv has no rows")]
    public void A_file_of_which_nothing_can_be_scored_is_a_problem(string row, string problem)
    {
        using var source = Open("x.csv", $"ID,TIME,CARD,TERMINAL,AMOUNT,FRAUD\n{row}\n");

        _ = Texts(source).Count();

        Assert.StartsWith(problem, source.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_that_the_service_must_refuse_is_known_to_be_one()
    {
        using var source = Open("x.csv", "ID,TIME,CARD,TERMINAL,AMOUNT,FRAUD\n1,2999-04-01 00:00:00,596,3156,1,0\n2,2018-04-01 00:00:00,596,3156,1,0\n");

        Assert.True(source.MoveNext());
        source.Write(Now, 0);
        Assert.True(source.IsRefused);
        Assert.True(source.MoveNext());
        source.Write(Now, 0);
        Assert.False(source.IsRefused);
    }

    [Fact]
    public void A_data_set_of_the_simulator_comes_back_as_what_was_simulated()
    {
        var options = new SimulatorOptions { Seed = 8, Customers = 100 };
        var path = Path.Combine(folder.FullName, "set.csv");
        DatasetFacts facts;
        using (var csv = File.Create(path))
            facts = DatasetCsv.Write(options, 3, csv, CancellationToken.None);
        using var map = File.OpenText(Path.Combine(AppContext.BaseDirectory, "features", "simulator.map.yaml"));
        using var source = new FileRecords(path, EventFileMap.Parse(map, "simulator.map.yaml"));
        using var json = new EventJson("");
        var decoder = new TransactionDecoder(new DecodeLimits());
        var played = 0;
        foreach (var simulated in Simulation.SimulatedStream.Take(options, 3).OfType<SimulatedTransaction>())
        {
            do
                Assert.True(source.MoveNext());
            while (source.Kind == SourceKind.Label);
            Assert.Null(decoder.Decode(json.Write(simulated, simulated.EventTimeMicros).ToArray(), out var expected));
            Assert.Null(decoder.Decode(source.Write(Now, 0).ToArray(), out var actual));
            foreach (var field in Enum.GetValues<TransactionField>())
                Assert.Equal(Encoding.UTF8.GetString(expected.Field(field)), Encoding.UTF8.GetString(actual.Field(field)));
            Assert.Equal((expected.AmountUnits, expected.EventTimeMicros), (actual.AmountUnits, actual.EventTimeMicros));
            Assert.Equal(simulated.IsFraud, source.IsFraud);
            played++;
        }

        Assert.Equal(facts.Transactions, played);
        Assert.True(played > 300);
    }

    private static IEnumerable<string> Texts(FileRecords source)
    {
        while (source.MoveNext())
            yield return $"{source.Kind} {Encoding.UTF8.GetString(source.Key)}: {Encoding.UTF8.GetString(source.Write(Now, 0))}";
    }

    private FileRecords Open(string name, string text)
    {
        var path = Path.Combine(folder.FullName, name);
        using (var file = File.Create(path))
        using (Stream content = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file)
            content.Write(Encoding.UTF8.GetBytes(text));
        return new FileRecords(path, EventFileMap.Parse(new StringReader(Map), "map.yaml"));
    }
}
