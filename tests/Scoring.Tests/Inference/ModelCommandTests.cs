using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Scoring.Host.Commands;

namespace Scoring.Tests.Inference;

public sealed class ModelCommandTests : IDisposable
{
    private const string Header = "transactionId,amount,count_1d,ratio,night\n";
    private readonly string folder = Directory.CreateTempSubdirectory("model").FullName;
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    public void Dispose()
    {
        Directory.Delete(folder, recursive: true);
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void Check_accepts_a_bundle_and_says_what_it_is()
    {
        Assert.Equal(0, Run("check", Path.Combine(BundleFixture.Folder, "stumps")));
        Assert.StartsWith("stumps version 3: accepted\n", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("review 0.5, decline 0.9", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_refuses_a_bundle_with_its_problems_and_status_1()
    {
        Assert.Equal(1, Run("check", folder));
        Assert.Contains("model.json: missing", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_refuses_a_bundle_that_does_not_fit_the_feature_set()
    {
        Assert.Equal(1, Run("check", Path.Combine(BundleFixture.Folder, "stumps"), "--features", Path.Combine(BundleFixture.Root, "features", "fraud.yaml")));
        Assert.Contains("the model was trained on tiny version 2; the running feature set is fraud version", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Contract_says_what_a_model_of_the_feature_set_must_be_trained_on()
    {
        Assert.Equal(0, Run("contract", Path.Combine(BundleFixture.Root, "features", "fraud.yaml")));
        var contract = JsonDocument.Parse(output.ToString()).RootElement;
        Assert.Equal("fraud", contract.GetProperty("name").GetString());
        Assert.StartsWith("sha256:", contract.GetProperty("fingerprint").GetString(), StringComparison.Ordinal);
        Assert.Equal("amount", contract.GetProperty("features")[0].GetString());
    }

    [Fact]
    public void A_feature_set_that_is_wrong_is_refused_with_its_errors_and_status_1()
    {
        var file = Path.Combine(folder, "wrong.yaml");
        File.WriteAllText(file, "featureSet: 3\n");

        Assert.Equal(1, Run("contract", file));
        Assert.Contains("wrong.yaml", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Score_writes_score_decision_and_reasons_of_each_row()
    {
        Assert.Equal(0, Score(Header + "t-1,150,7,5,1\n\"a,b\",,,,\nt-3,20,7,5,1\n"));
        var rows = output.ToString().Split('\n');
        Assert.Equal("transactionId,score,decision,reasons", rows[0]);
        AssertRow("t-1", 0.9706878, "decline,score_above_decline;feature:amount;feature:ratio", rows[1]);
        AssertRow("\"a,b\"", 0.0293122, "approve,", rows[2]);
        AssertRow("t-3", 0.6224593, "review,score_above_review;feature:ratio;feature:night", rows[3]);
        Assert.Equal([""], rows[4..]);
    }

    [Theory]
    [InlineData("", "line 1: no header")]
    [InlineData("transactionId,amount,ratio,count_1d,night\n", "line 1: column 3 is 'ratio'; the model's inputs want 'count_1d' there")]
    [InlineData("transactionId,amount,count_1d,ratio\n", "line 1: column 5 is 'nothing'; the model's inputs want 'night' there")]
    [InlineData(Header + "t-1,1,2,3,4\nt-2,1,x,3,4\n", "line 3: count_1d is 'x'; it must be a number, or empty where missing")]
    [InlineData(Header + "1,2,3,4\n", "line 2: too few fields; 5 are right")]
    public void Score_names_the_line_and_field_that_is_wrong(string csv, string message)
    {
        Assert.Equal(1, Score(csv));
        Assert.Equal(message, error.ToString().Trim());
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void Score_reads_whatever_id_replay_writes(string lineEnd)
    {
        var rows = new[] { "\"t,1\"", "\"t\r\n2\"", "\"t \"\"x\"\",\n3\"", "t4" };
        Assert.Equal(0, Score($"\uFEFF{Header.TrimEnd()}{lineEnd}{string.Concat(rows.Select(id => $"{id},1,2,3,0{lineEnd}"))}"));

        var scored = output.ToString();
        foreach (var id in rows)
            Assert.Contains($"\n{id},0.", scored, StringComparison.Ordinal);
    }

    [Fact]
    public void Score_tells_the_line_on_which_a_wrong_row_begins()
    {
        Assert.Equal(1, Score($"{Header}\"a\nb\",1,2,3,0\nc,1,2,x,0\n"));
        Assert.Contains("line 4: ratio is 'x'", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Score_refuses_a_quote_that_is_never_closed()
    {
        Assert.Equal(1, Score($"{Header}\"a,1,2,3,0\n{string.Concat(Enumerable.Repeat("b,1,2,3,0\n", 200_000))}"));
        Assert.Contains("line 2: a record is longer than", error.ToString(), StringComparison.Ordinal);
    }

    private static void AssertRow(string id, double score, string rest, string row)
    {
        Assert.StartsWith(id + ",", row, StringComparison.Ordinal);
        Assert.EndsWith("," + rest, row, StringComparison.Ordinal);
        Assert.Equal(score, double.Parse(row[(id.Length + 1)..^(rest.Length + 1)], CultureInfo.InvariantCulture), 1e-6);
    }

    private int Score(string csv)
    {
        var input = Path.Combine(folder, "features.csv");
        File.WriteAllText(input, csv);
        return Run("score", Path.Combine(BundleFixture.Folder, "stumps"), "--input", input);
    }

    private int Run(params string[] arguments) =>
        ModelCommand.Create().Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = error });
}
