using System.IO.Compression;
using Scoring.Host.Commands;

namespace Scoring.Tests.Commands;

public sealed class ReplayCommandTests : IDisposable
{
    private const string Features = """
        featureSet: test
        version: 1
        entities:
          card: { key: cardId, retain: 30d }
          terminal: { key: terminalId, retain: 30d }
        features:
          - { name: night, from: calendar, flag: night, hours: [0, 6] }
          - { name: count, from: card, agg: count, window: 1d }
          - { name: mean, from: card, agg: mean, of: amount, window: 1d }
          - { name: since, from: card, agg: time_since_last }
          - { name: risk, from: terminal, agg: rate, of: label, window: 1d, thisEvent: exclude }
        """;

    private const string Map = """
        columns: { transactionId: id, cardId: card, terminalId: terminal, amount: amount, eventTime: time, label: fraud }
        timeFormat: epoch_s
        labelDelay: 10s
        """;

    private const string Input = """
        id,card,terminal,amount,time,fraud
        a,c,p,1,0,1
        b,c,p,2.1,9,0
        "c,1",c,p,0.2,10,0
        b,c,p,2.1,11,0
        d,x,,5,25200,0
        """;

    private const string Output = """
        transactionId,night,count,mean,since,risk
        a,1,1,1,,
        b,1,2,1.55,9,0
        "c,1",1,3,1.1,1,0.5
        d,0,1,5,,

        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("replay");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Replay_writes_one_row_for_each_distinct_id_in_input_order()
    {
        Assert.Equal(0, await Replay("in.csv", Input));

        Assert.Equal(Output.ReplaceLineEndings("\n"), Text("out.csv"));
    }

    [Fact]
    public async Task A_row_of_a_wrong_time_makes_no_label_known_and_is_told()
    {
        var rows = Enumerable.Range(0, 40).Select(i => $"t{i},c,p,1,{100 + i},{(i == 5 ? 1 : 0)}").ToList();
        Assert.Equal(0, await Replay("in.csv", string.Join('\n', ["id,card,terminal,amount,time,fraud", .. rows])));
        var clean = Text("out.csv").Split('\n');

        Assert.Equal(0, await Replay("in.csv", string.Join('\n', ["id,card,terminal,amount,time,fraud", .. rows[..8], "w,other,elsewhere,1,253402300790,0", .. rows[8..]])));

        Assert.Equal(clean, Text("out.csv").Split('\n').Where(l => !l.StartsWith('w')));
        Assert.Contains(clean, l => l.StartsWith("t15,", StringComparison.Ordinal) && !l.EndsWith(",0", StringComparison.Ordinal));
        using var messages = new StringWriter();
        ReplayRun.Execute(new ReplaySettings(File("features.yaml"), File("in.csv"), File("map.yaml"), File("out.csv"), null, null, false, 512), messages, CancellationToken.None);
        Assert.Contains($"in.csv:10: eventTime 9999-12-31T23:59:50", messages.ToString(), StringComparison.Ordinal);
        Assert.Contains("is ahead of most rows behind it", messages.ToString(), StringComparison.Ordinal);

        FileInfo File(string name) => new(Path(name));
    }

    [Theory]
    [InlineData("--batch", "1")]
    [InlineData("--batch", "3")]
    public async Task The_output_does_not_depend_on_the_batch_size(params string[] options)
    {
        Assert.Equal(0, await Replay("in.csv", Input, Map, options));

        Assert.Equal(Output.ReplaceLineEndings("\n"), Text("out.csv"));
    }

    [Fact]
    public async Task Gzip_and_json_lines_give_the_same_features()
    {
        Write("in.csv.gz", Input);
        Assert.Equal(0, await Run("in.csv.gz", Map));
        Assert.Equal(Output.ReplaceLineEndings("\n"), Text("out.csv"));

        var lines = Input.Split('\n')[1..].Select(l => l.Replace("\"c,1\"", "c;1", StringComparison.Ordinal).Split(','))
            .Select(f => $$"""{"id":"{{f[0].Replace(';', ',')}}","card":"{{f[1]}}","terminal":"{{f[2]}}","amount":{{f[3]}},"time":{{f[4]}},"fraud":{{f[5]}}}""");
        Assert.Equal(0, await Replay("in.jsonl", string.Join('\n', lines)));
        Assert.Equal(Output.ReplaceLineEndings("\n"), Text("out.csv"));
    }

    [Fact]
    public async Task A_label_is_not_known_before_its_delay()
    {
        Assert.Equal(0, await Replay("in.csv", Input, Map, "--label-delay", "11s"));

        Assert.Contains("\"c,1\",1,3,1.1,1,0\n", Text("out.csv"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_row_is_skipped_or_ends_the_replay_as_asked()
    {
        var input = Input.Replace("2.1,9", "two,9", StringComparison.Ordinal);

        Assert.Equal(0, await Replay("in.csv", input));
        Assert.Contains("b,1,3,", Text("out.csv"), StringComparison.Ordinal);

        File.Delete(Path("out.csv"));
        Assert.Equal(1, await Replay("in.csv", input, Map, "--on-error", "fail"));
        Assert.False(File.Exists(Path("out.csv")));
        Assert.False(File.Exists(Path("out.csv.partial")));
    }

    [Fact]
    public async Task A_wrong_feature_set_or_a_missing_file_is_an_error()
    {
        Assert.NotEqual(0, await Run("missing.csv", Map));
        Write("features.yaml", "featureSet: x");
        Write("in.csv", Input);
        Write("map.yaml", Map);
        Assert.NotEqual(0, await Scoring("features", "check", Path("features.yaml")));
    }

    [Theory]
    [InlineData("in.csv", "id,card,terminal,amount,time,fraud\na,c,p,one,0,1\nb,c,p,two,0,1\n")]
    [InlineData("in.csv", "id,card,terminal,amount,time,fraud\na,4111111111111111,p,1,0,1\n")]
    [InlineData("in.csv", "id,card,terminal,amount,time,fraud\n")]
    [InlineData("in.csv", "")]
    [InlineData("in.jsonl", "{\"ID\":\"a\"}\n")]
    [InlineData("in.jsonl", "[{\"id\":\"a\"}]\n")]
    [InlineData("in.csv", "id;card;terminal;amount;time;fraud\na;c;p;1;0;1\n")]
    public async Task A_file_of_which_no_row_is_good_fails_and_leaves_the_output_as_it_was(string name, string input)
    {
        Write("out.csv", "before");

        Assert.Equal(1, await Replay(name, input));

        Assert.Equal("before", Text("out.csv"));
        Assert.False(File.Exists(Path("out.csv.partial")));
    }

    [Fact]
    public async Task Times_at_the_ends_of_the_calendar_are_bad_rows_and_the_rest_is_computed()
    {
        var map = Map.Replace("timeFormat: epoch_s", "timeZone: UTC", StringComparison.Ordinal);
        var input = """
            id,card,terminal,amount,time,fraud
            a,c,p,1,2026-01-01T10:00:00Z,0
            b,c,p,1,0001-01-01T00:00:00+01:00,0
            c,c,p,1,9999-12-31T23:59:59-01:00,1
            d,c,p,1,9999-12-31T23:59:59.999999Z,1
            e,c,p,1,2026-01-01T11:00:00Z,0
            """;

        Assert.Equal(0, await Replay("in.csv", input, map));

        Assert.Equal(["transactionId", "a", "d", "e"], Text("out.csv").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(',')[0]));
    }

    [Fact]
    public async Task Labels_of_a_second_file_beside_the_input_are_those_of_a_column()
    {
        Write("labels.json", """{"target":{"a":"Yes","c,1":"No"}}""");
        var map = Map.Replace(", label: fraud", "", StringComparison.Ordinal) + "\nlabels: { file: labels.json, property: target }";

        Assert.Equal(0, await Replay("in.csv", Input, map));

        Assert.Equal(Output.ReplaceLineEndings("\n"), Text("out.csv"));
    }

    [Fact]
    public async Task Gzip_that_is_cut_off_fails_and_writes_nothing()
    {
        Write("whole.csv.gz", Input + string.Concat(Enumerable.Range(0, 5_000).Select(i => $"\nx{i},c,p,1,{i + 30_000},0")));
        var whole = File.ReadAllBytes(Path("whole.csv.gz"));
        File.WriteAllBytes(Path("in.csv.gz"), whole[..(whole.Length / 2)]);

        Assert.Equal(1, await Run("in.csv.gz", Map));

        Assert.False(File.Exists(Path("out.csv")));
    }

    [Fact]
    public async Task A_feature_set_is_checked_and_explained()
    {
        Write("features.yaml", Features);

        Assert.Equal(0, await Scoring("features", "check", Path("features.yaml")));
        Assert.Equal(0, await Scoring("features", "explain", Path("features.yaml")));
    }

    private Task<int> Replay(string name, string input) => Replay(name, input, Map);

    private async Task<int> Replay(string name, string input, string map, params string[] options)
    {
        Write(name, input);
        return await Run(name, map, options);
    }

    private async Task<int> Run(string input, string map, params string[] options)
    {
        Write("features.yaml", Features);
        Write("map.yaml", map);
        return await Scoring(["replay", "--features", Path("features.yaml"), "--input", Path(input), "--map", Path("map.yaml"), "--output", Path("out.csv"), .. options]);
    }

    // The command line as a person calls it.
    private static Task<int> Scoring(params string[] args) => global::Scoring.Host.Program.RunAsync(args);

    private void Write(string name, string text)
    {
        using Stream file = File.Create(Path(name));
        using var stream = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        stream.Write(System.Text.Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n")));
    }

    private string Text(string name) => File.ReadAllText(Path(name));

    private string Path(string name) => System.IO.Path.Combine(folder.FullName, name);
}
