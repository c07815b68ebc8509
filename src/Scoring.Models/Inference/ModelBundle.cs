using System.Security.Cryptography;
using Microsoft.ML.OnnxRuntime;
using Scoring.Models.Wire;

namespace Scoring.Models.Inference;

/// <summary>
/// A model that was accepted: its files are those that its manifest names, it was trained on the feature
/// set that runs, and it gives its golden rows their scores. Owned by exactly one thread at a time, as the
/// model in it is.
/// </summary>
public sealed class ModelBundle : IScorer
{
    /// <summary>The most reasons of one score: the threshold that decided, then features.</summary>
    public const int MaxReasons = 3;

    /// <summary>How far a golden row's score may be from the expected one: float32 sums in another order differ by less.</summary>
    public const float GoldenTolerance = 1e-5f;

    private const string AboveReview = "score_above_review";
    private const string AboveDecline = "score_above_decline";

    private readonly string[] featureReasons;
    private readonly float[] outputs = new float[OnnxModel.MaxBatchRows];
    private readonly BaselineAttribution attribution;

    private ModelBundle(BundleManifest manifest, OnnxModel model)
    {
        Manifest = manifest;
        Model = model;
        featureReasons = [.. manifest.FeatureSet.Features.Select(name => "feature:" + name)];
        attribution = new BaselineAttribution(model, manifest.Baseline);
    }

    /// <summary>What the bundle says of its model.</summary>
    public BundleManifest Manifest { get; }

    /// <summary>The model, ready to score.</summary>
    public OnnxModel Model { get; }

    /// <summary>Checks a bundle and makes its model ready. A bundle that is not right in everything is refused.</summary>
    /// <param name="files">The bundle's files.</param>
    /// <param name="running">The feature set whose vectors the model is to score; null checks the bundle against itself alone.</param>
    /// <exception cref="BundleException">The bundle is refused; the message names every problem.</exception>
    public static ModelBundle Load(BundleFiles files, FeatureContract? running)
    {
        ArgumentNullException.ThrowIfNull(files);
        var problems = new List<string>(files.Problems());
        if (problems.Count == 0 && BundleManifestReader.Read(files.Manifest, problems) is { } manifest)
        {
            if (running is not null)
                problems.AddRange(manifest.FeatureSet.DifferencesFrom(running).Select(difference => $"{BundleFiles.ManifestName}: {difference}"));
            if (OpenModel(manifest, files, problems) is { } model)
                return new ModelBundle(manifest, model);
        }

        throw new BundleException(files.Origin, problems);
    }

    /// <summary>
    /// Scores rows of features. A row on which the model fails, though it does not on its baseline, is
    /// <see cref="ScoreFault.ModelFailed"/>; the others get their scores. Overwrites the model's rows.
    /// </summary>
    /// <param name="features">The rows one after the other, NaN where a value is missing.</param>
    /// <param name="verdicts">Receives one verdict a row; its length is the number of rows.</param>
    /// <exception cref="ArgumentException">The features are not that many rows.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime fails whatever the rows are.</exception>
    public void Score(ReadOnlySpan<double> features, Span<Verdict> verdicts)
    {
        if (features.Length != verdicts.Length * Model.InputCount)
            throw new ArgumentException($"{features.Length} values are not {verdicts.Length} rows of {Model.InputCount} inputs", nameof(features));
        for (var first = 0; first < verdicts.Length; first += OnnxModel.MaxBatchRows)
        {
            var rows = Math.Min(verdicts.Length - first, OnnxModel.MaxBatchRows);
            ScoreBatch(features.Slice(first * Model.InputCount, rows * Model.InputCount), verdicts.Slice(first, rows));
        }
    }

    /// <summary>
    /// Says why a transaction is reviewed or declined: the threshold that decided, then the features whose
    /// replacement by the baseline lowers the score most; or why there is no score. Overwrites the model's rows.
    /// </summary>
    /// <param name="features">The features that were scored, NaN where missing.</param>
    /// <param name="verdict">What <see cref="Score"/> said of them.</param>
    /// <param name="reasons">Receives the codes; at most <see cref="MaxReasons"/> are written.</param>
    /// <returns>How many codes were written; none for a transaction that is approved.</returns>
    public int Explain(ReadOnlySpan<double> features, in Verdict verdict, Span<string> reasons)
    {
        if (verdict.Decision == Decision.Approve || reasons.IsEmpty)
            return 0;
        if (verdict.Fault != ScoreFault.None)
        {
            reasons[0] = verdict.Fault.Code();
            return 1;
        }

        reasons[0] = verdict.Decision == Decision.Decline ? AboveDecline : AboveReview;
        Span<int> strongest = stackalloc int[Math.Min(reasons.Length, MaxReasons) - 1];
        var found = Strongest(features, verdict.Score, strongest);
        for (var i = 0; i < found; i++)
            reasons[i + 1] = featureReasons[strongest[i]];
        return found + 1;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private void ScoreBatch(ReadOnlySpan<double> features, Span<Verdict> verdicts)
    {
        var batch = outputs.AsSpan(0, verdicts.Length);
        try
        {
            Model.Score(features, batch);
        }
        catch (OnnxRuntimeException)
        {
            ScoreOneByOne(features, verdicts);
            return;
        }

        for (var row = 0; row < batch.Length; row++)
            verdicts[row] = Manifest.Thresholds.Judge(batch[row]);
    }

    private void ScoreOneByOne(ReadOnlySpan<double> features, Span<Verdict> verdicts)
    {
        // What fails on the baseline too is no row's fault.
        attribution.Baseline.CopyTo(Model.Row(0));
        Model.Run(1);
        for (var row = 0; row < verdicts.Length; row++)
        {
            try
            {
                Model.Score(features.Slice(row * Model.InputCount, Model.InputCount), outputs.AsSpan(0, 1));
                verdicts[row] = Manifest.Thresholds.Judge(outputs[0]);
            }
            catch (OnnxRuntimeException)
            {
                verdicts[row] = Manifest.Thresholds.WithoutScore(ScoreFault.ModelFailed);
            }
        }
    }

    private int Strongest(ReadOnlySpan<double> features, float score, Span<int> strongest)
    {
        try
        {
            return attribution.Strongest(features, score, strongest);
        }
        catch (OnnxRuntimeException)
        {
            // The rows are made up: that the model fails on one of them says nothing of the one that it scored.
            return 0;
        }
    }

    // Opens the model only if its bytes are those that were hashed: nothing else is given to native code.
    private static OnnxModel? OpenModel(BundleManifest manifest, BundleFiles files, List<string> problems)
    {
        var width = manifest.FeatureSet.Features.Count;
        var isModel = HasHash(manifest, BundleFiles.ModelName, files.Model, problems);
        var isGolden = HasHash(manifest, BundleFiles.GoldenName, files.Golden, problems);
        var golden = isGolden ? GoldenRows.Read(files.Golden, width, problems) : null;
        var model = isModel ? OnnxModel.Open(files.Model, new OnnxSignature(manifest.Input, width, manifest.Output, manifest.OutputColumn), problems) : null;
        if (model is not null)
            GoldenCheck.Run(model, golden, manifest.Baseline, problems);
        if (problems.Count == 0)
            return model;
        model?.Dispose();
        return null;
    }

    private static bool HasHash(BundleManifest manifest, string file, byte[] content, List<string> problems)
    {
        var actual = Convert.ToHexStringLower(SHA256.HashData(content));
        if (string.Equals(actual, manifest.Sha256[file], StringComparison.OrdinalIgnoreCase))
            return true;
        problems.Add($"{file}: its SHA-256 is {actual}; {BundleFiles.ManifestName} says {manifest.Sha256[file]}, so it is another file or was changed");
        return false;
    }
}
