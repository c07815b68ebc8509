using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Scoring.Models.Yaml;

/// <summary>
/// Passes a YAML file's events on as long as they make a file of plain keys that is not nested without end. Nodes are
/// built, compared and hashed recursively, so a deep file would overflow the stack, and a key made of aliases of aliases would
/// take exponential time.
/// </summary>
/// <param name="inner">Where the events come from.</param>
internal sealed class BoundedParser(IParser inner) : IParser
{
    /// <summary>How deep mappings and lists may be nested; the languages here need 5.</summary>
    public const int MaxDepth = 20;

    private readonly Stack<Level> open = new();

    /// <inheritdoc/>
    public ParsingEvent? Current => inner.Current;

    /// <inheritdoc/>
    /// <exception cref="YamlException">The file is no YAML, or not such a file.</exception>
    public bool MoveNext()
    {
        if (!inner.MoveNext())
            return false;
        switch (Current)
        {
            case MappingEnd or SequenceEnd:
                open.Pop();
                break;
            case Scalar:
                Place(isScalar: true);
                break;
            case AnchorAlias:
                Place(isScalar: false);
                break;
            case MappingStart or SequenceStart:
                Place(isScalar: false);
                if (open.Count == MaxDepth)
                    throw Refusal($"lists and mappings are nested more than {MaxDepth} deep");
                open.Push(new Level(Current is MappingStart));
                break;
        }

        return true;
    }

    // Each node of a mapping is a key or the value of the key before it.
    private void Place(bool isScalar)
    {
        if (!open.TryPeek(out var level) || !level.IsMapping)
            return;
        level.AwaitsKey = !level.AwaitsKey;
        if (!level.AwaitsKey && !isScalar)
            throw Refusal("a key must be a plain word");
    }

    private YamlException Refusal(string what) => new(Current!.Start, Current.End, what);

    private sealed class Level(bool isMapping)
    {
        public bool IsMapping { get; } = isMapping;

        public bool AwaitsKey { get; set; } = true;
    }
}
