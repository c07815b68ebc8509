namespace Scoring.Models.Inference;

/// <summary>
/// What a feature set and a model must agree on: which set computed the values, and which value stands in
/// which place of the vector.
/// </summary>
/// <param name="Name">The feature set's name.</param>
/// <param name="Version">The feature set's version.</param>
/// <param name="Fingerprint">The hash of what determines the features' values.</param>
/// <param name="Features">The features' names in the vector's order.</param>
public sealed record FeatureContract(string Name, int Version, string Fingerprint, IReadOnlyList<string> Features)
{
    private const int MaxNamedDifferences = 5;

    /// <summary>Says where another contract differs from this one, one text a difference.</summary>
    /// <param name="running">The contract of the feature set that runs.</param>
    public IEnumerable<string> DifferencesFrom(FeatureContract running)
    {
        ArgumentNullException.ThrowIfNull(running);
        if (Name != running.Name || Version != running.Version)
            yield return $"featureSet: the model was trained on {Name} version {Version}; the running feature set is {running.Name} version {running.Version}";
        if (Fingerprint != running.Fingerprint)
            yield return $"featureSet.fingerprint: '{Fingerprint}' is not the running feature set's '{running.Fingerprint}'; train the model on features of the running set";
        if (Features.Count != running.Features.Count)
            yield return $"inputs: {Features.Count} inputs; the running feature set has {running.Features.Count} features";

        var named = 0;
        for (var i = 0; i < Math.Min(Features.Count, running.Features.Count) && named < MaxNamedDifferences; i++)
        {
            if (Features[i] == running.Features[i])
                continue;
            named++;
            yield return $"inputs[{i}]: '{Features[i]}'; the running feature set has '{running.Features[i]}' there";
        }
    }
}
