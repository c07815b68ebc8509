namespace Scoring.Models.Inference;

/// <summary>What gives rows of features their scores. Owned by exactly one thread at a time.</summary>
public interface IScorer : IDisposable
{
    /// <summary>What the model says of itself.</summary>
    BundleManifest Manifest { get; }

    /// <summary>Scores rows of features.</summary>
    /// <param name="features">The rows one after the other, NaN where a value is missing.</param>
    /// <param name="verdicts">Receives one verdict a row; its length is the number of rows.</param>
    void Score(ReadOnlySpan<double> features, Span<Verdict> verdicts);

    /// <summary>Says why a transaction is reviewed or declined.</summary>
    /// <param name="features">The features that were scored, NaN where missing.</param>
    /// <param name="verdict">What <see cref="Score"/> said of them.</param>
    /// <param name="reasons">Receives the codes; at most <see cref="ModelBundle.MaxReasons"/> are written.</param>
    /// <returns>How many codes were written.</returns>
    int Explain(ReadOnlySpan<double> features, in Verdict verdict, Span<string> reasons);
}
