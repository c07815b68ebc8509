using Scoring.Actors.Source;
using Scoring.Host.Commands;
using Scoring.Host.Options;
using Scoring.Models.Features;
using Scoring.Models.Files;

namespace Scoring.Tests.Host.Commands;

/// <summary>A bootstrap looks at its file before it asks Kafka or stores anything.</summary>
public sealed class BootstrapFileTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("bootstrap");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("id,card,amount,time\nt1,4111111111111111,5,2026-03-01\nt2,c,five,2026-03-01\n", "has no row that is a transaction, of 2 (line 2: cardId: is a raw card number; a token is wanted); is this the right map?")]
    [InlineData("id,card,amount,time\n", "has no rows")]
    public async Task A_file_without_an_event_is_refused_and_nothing_is_begun(string input, string error)
    {
        var thrown = await Assert.ThrowsAsync<BootstrapException>(() => Bootstrap(input));

        Assert.Equal($"{File("in.csv")} {error}", thrown.Message);
    }

    [Theory]
    [InlineData("ID,card,amount,time\nt1,c,5,2026-03-01\n", "in.csv:1: the map names column 'id'; did you mean 'ID'?")]
    [InlineData("", "in.csv:1: no header row: the file is empty")]
    public async Task A_file_that_is_another_maps_is_refused_and_nothing_is_begun(string input, string error)
    {
        var thrown = await Assert.ThrowsAsync<EventFileException>(() => Bootstrap(input));

        Assert.Contains(error, thrown.Message, StringComparison.Ordinal);
    }

    private async Task Bootstrap(string input)
    {
        await System.IO.File.WriteAllTextAsync(File("in.csv"), input);
        await System.IO.File.WriteAllTextAsync(File("map.yaml"), "columns: { transactionId: id, cardId: card, amount: amount, eventTime: time }");
        var set = FeatureSet.Parse(new StringReader("featureSet: t\nversion: 1\nentities: { card: { key: cardId, retain: 1d } }\nfeatures:\n  - { name: n, from: card, agg: count, window: 1d }\n"), "t.yaml");
        var settings = new BootstrapSettings(File("in.csv"), new FileInfo(File("map.yaml")), StartOffsets.Parse("latest")!, null, null, false, false);
        // It would fail at the first use of the store or of Kafka.
        static KafkaLogReader NoLog(string topic) => throw new InvalidOperationException($"{topic} is asked");
        await new BootstrapRun(settings, new ScoringOptions(), set, null!, NoLog, TextWriter.Null).ExecuteAsync(null!, CancellationToken.None);
    }

    private string File(string name) => Path.Combine(folder.FullName, name);
}
