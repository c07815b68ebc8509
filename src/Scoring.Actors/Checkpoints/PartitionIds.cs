using System.Globalization;
using System.Security.Cryptography;

namespace Scoring.Actors.Checkpoints;

/// <summary>The persistence ids of a partition's rows.</summary>
/// <param name="partition">The partition.</param>
public sealed class PartitionIds(int partition)
{
    private const int IdBytes = 16;

    private readonly string prefix = string.Create(CultureInfo.InvariantCulture, $"c/{partition}/");
    private readonly string dues = string.Create(CultureInfo.InvariantCulture, $"d/{partition}/");

    /// <summary>Of the manifests.</summary>
    public string Manifest { get; } = string.Create(CultureInfo.InvariantCulture, $"m/{partition}");

    /// <summary>Of the notes.</summary>
    public string Notes { get; } = string.Create(CultureInfo.InvariantCulture, $"n/{partition}");

    /// <summary>What the ids of all cardholders and all slices of dues begin with, and no others.</summary>
    public IReadOnlyList<string> StatePrefixes => [prefix, dues];

    /// <summary>Of a slice of the open sessions' dues.</summary>
    /// <param name="slice">Which slice.</param>
    public string Dues(int slice) => string.Create(CultureInfo.InvariantCulture, $"{dues}{slice:00}");

    /// <summary>
    /// Of a cardholder: 128 bits of its key's SHA-256, so that no id stands in an index or a log. The key itself is in the row, and
    /// whoever reads the row compares it.
    /// </summary>
    /// <param name="key">The cardholder's key.</param>
    public string Cardholder(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return string.Concat(prefix, Convert.ToHexStringLower(hash[..IdBytes]));
    }
}
