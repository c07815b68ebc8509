using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Scoring.Models.Inference;
using Scoring.Models.Wire;

namespace Scoring.Tests.Inference;

/// <summary>Whatever a bundle's files or a model's outputs hold is a refusal or a decision, never another exception.</summary>
public sealed class HostileBundleTests
{
    private static readonly BundleFixture Fixture = new();

    [Fact]
    public void Whatever_a_manifest_holds_it_is_refused_with_its_problems()
    {
        // Without a model and golden rows that have its hashes none is accepted, and none reaches the runtime.
        Try(PropertyRuns.Count(3_000), random => Refuse(new BundleFiles("hostile", HostileValues.Spoilt(Fixture.Manifest, random), [], [])));
    }

    [Fact]
    public void Whatever_golden_rows_hold_they_are_refused_or_read()
    {
        Try(PropertyRuns.Count(3_000), random =>
        {
            var golden = Golden(random);
            var manifest = (JsonObject)Fixture.Manifest.DeepClone();
            manifest["sha256"]!["golden.jsonl"] = Convert.ToHexStringLower(SHA256.HashData(golden));
            Refuse(new BundleFiles("hostile", Encoding.UTF8.GetBytes(manifest.ToJsonString()), [], golden));
        });
    }

    [Fact]
    public void Whatever_a_model_says_the_record_has_a_score_from_0_to_1_and_a_decision_that_fits()
    {
        using var bundle = BundleFixture.Quotient().Load();
        var writer = new ScoreWriter(new ScoreOrigin("m", 1, "s", 1, "f", ["amount", "count_1d", "ratio", "night"]));
        var transaction = Transaction();
        var reasons = new string[ModelBundle.MaxReasons];
        var verdicts = new Verdict[1];
        Try(PropertyRuns.Count(10_000), random =>
        {
            double[] row = [HostileValues.OfSingle(random), 0, 0, HostileValues.OfSingle(random)];
            bundle.Score(row, verdicts);
            var count = bundle.Explain(row, verdicts[0], reasons);
            AssertDecided((float)row[0], (float)row[3], writer.Write(transaction, verdicts[0].Score, verdicts[0].Decision, reasons.AsSpan(0, count), [], false, row));
        });
    }

    private static void AssertDecided(float first, float last, byte[] record)
    {
        // As the fixture's model does: a missing value is 0 above the line and 1 below it.
        var quotient = (float.IsNaN(first) ? 0 : first) / (float.IsNaN(last) ? 1 : last);
        var score = JsonDocument.Parse(record).RootElement;
        var reason = score.GetProperty("reasons").EnumerateArray().Select(r => r.GetString()!).FirstOrDefault("");
        Assert.InRange(score.GetProperty("score").GetSingle(), 0, 1);
        var expected = float.IsNaN(quotient) ? ("review", "score_not_a_number")
            : quotient is < -1e-5f or > 1 + 1e-5f ? ("review", "score_out_of_range")
            : quotient >= 0.9f ? ("decline", "score_above_decline")
            : quotient >= 0.5f ? ("review", "score_above_review")
            : ("approve", "");
        Assert.Equal(expected, (score.GetProperty("decision").GetString()!, reason));
    }

    private static byte[] Golden(Random random)
    {
        var lines = new StringBuilder();
        for (var i = random.Next(5); i >= 0; i--)
        {
            var row = new JsonObject { ["inputs"] = new JsonArray(1, 2.5, null, 4), ["score"] = 0.5 };
            lines.Append(random.Next(3) == 0 ? row.ToJsonString() : Encoding.UTF8.GetString(HostileValues.Spoilt(row, random)));
            lines.Append(random.Next(9) == 0 ? "\r\n\n" : "\n");
        }

        var bytes = Encoding.UTF8.GetBytes(lines.ToString());
        return random.Next(8) == 0 ? HostileValues.Damaged(bytes, random) : bytes;
    }

    private static void Refuse(BundleFiles files)
    {
        var problems = Assert.Throws<BundleException>(() => ModelBundle.Load(files, BundleFixture.Running)).Problems;
        Assert.NotEmpty(problems);
        Assert.All(problems, problem => Assert.InRange(problem.Length, 1, MessageLine.MaxLength));
        Assert.All(problems, problem => Assert.DoesNotContain(problem, char.IsControl));
    }

    private static Transaction Transaction()
    {
        Assert.Null(new TransactionDecoder(new DecodeLimits()).Decode("""{"transactionId":"t","cardId":"c","amount":1,"eventTime":"2026-03-01T12:00:00Z"}"""u8.ToArray(), out var transaction));
        return transaction;
    }

    private static void Try(int count, Action<Random> attempt)
    {
        for (var seed = 0; seed < count; seed++)
        {
            try
            {
                attempt(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {e.Message}"), e);
            }
        }
    }
}
