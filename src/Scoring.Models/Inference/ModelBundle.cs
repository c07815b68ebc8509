using System.Security.Cryptography;
using Scoring.Models.Wire;

namespace Scoring.Models.Inference;

/// <summary>
/// A model that was accepted: its files are those that its manifest names, it was trained on the feature
/// set that runs, and it gives its golden rows their scores. Owned by exactly one thread at a time, as the
/// model in it is.
/// </summary>
public sealed class ModelBundle : IDisposable
{
    /// <summary>The most reasons of one score: the threshold that decided, then features.</summary>
    public const int MaxReasons = 3;

    /// <summary>How far a golden row's score may be from the expected one: float32 sums in another order differ by less.</summary>
    public const float GoldenTolerance = 1e-5f;

    private const string AboveReview = "score_above_review";
    private const string AboveDecline = "score_above_decline";
    private const string NotANumber = "score_not_a_number";

    private readonly string[] featureReasons;
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
    /// Says why a transaction is reviewed or declined: the threshold that decided, then the features whose
    /// replacement by the baseline lowers the score most. Overwrites the model's rows.
    /// </summary>
    /// <param name="features">The features that were scored, NaN where missing.</param>
    /// <param name="score">Their score by this model.</param>
    /// <param name="reasons">Receives the codes; at most <see cref="MaxReasons"/> are written.</param>
    /// <returns>How many codes were written; none for a transaction that the thresholds approve.</returns>
    public int Explain(ReadOnlySpan<double> features, float score, Span<string> reasons)
    {
        var decision = Manifest.Thresholds.Decide(score);
        if (decision == Decision.Approve || reasons.IsEmpty)
            return 0;
        reasons[0] = float.IsNaN(score) ? NotANumber : decision == Decision.Decline ? AboveDecline : AboveReview;
        Span<int> strongest = stackalloc int[Math.Min(reasons.Length, MaxReasons) - 1];
        var found = attribution.Strongest(features, score, strongest);
        for (var i = 0; i < found; i++)
            reasons[i + 1] = featureReasons[strongest[i]];
        return found + 1;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    // Opens the model only if its bytes are those that were hashed: nothing else is given to native code.
    private static OnnxModel? OpenModel(BundleManifest manifest, BundleFiles files, List<string> problems)
    {
        var width = manifest.FeatureSet.Features.Count;
        var isModel = HasHash(manifest, BundleFiles.ModelName, files.Model, problems);
        var isGolden = HasHash(manifest, BundleFiles.GoldenName, files.Golden, problems);
        var golden = isGolden ? GoldenRows.Read(files.Golden, width, problems) : null;
        var model = isModel ? OnnxModel.Open(files.Model, new OnnxSignature(manifest.Input, width, manifest.Output), problems) : null;
        if (model is not null && golden is not null)
            GoldenCheck.Run(model, golden, problems);
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
