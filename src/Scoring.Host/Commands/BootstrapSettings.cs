using System.Globalization;

namespace Scoring.Host.Commands;

/// <summary>What a bootstrap was asked to do.</summary>
/// <param name="Input">A file's path, or <c>topic</c>, or <c>topic:NAME</c>.</param>
/// <param name="Map">How a file's columns become events; null for a topic.</param>
/// <param name="At">Where the service goes on.</param>
/// <param name="LabelColumn">The column of the label, if not the map's.</param>
/// <param name="LabelDelay">How long after its event a label becomes known, if not the map's.</param>
/// <param name="FailOnError">Whether a bad row ends it.</param>
/// <param name="Replace">Whether what is stored may be forgotten.</param>
internal sealed record BootstrapSettings(
    string Input, FileInfo? Map, StartOffsets At, string? LabelColumn, TimeSpan? LabelDelay, bool FailOnError, bool Replace)
{
    private const string TopicWord = "topic";

    /// <summary>Whether the history is a topic.</summary>
    internal bool IsTopic => Input == TopicWord || Input.StartsWith(TopicWord + ":", StringComparison.Ordinal);

    /// <summary>The topic's name; null for the input log itself.</summary>
    internal string? TopicName => Input.Length > TopicWord.Length + 1 ? Input[(TopicWord.Length + 1)..] : null;
}

/// <summary>Where the service goes on after a bootstrap, partition by partition.</summary>
/// <param name="Word">earliest, latest or committed; null where each partition's offset is given.</param>
/// <param name="Offsets">The offsets that are given.</param>
internal sealed record StartOffsets(string? Word, IReadOnlyDictionary<int, long> Offsets)
{
    internal const string Earliest = "earliest";
    internal const string Latest = "latest";
    internal const string Committed = "committed";

    /// <summary>Reads what stands on the command line.</summary>
    /// <param name="text">earliest, latest, committed, or PARTITION:OFFSET for each, with commas.</param>
    /// <returns>What it says; null if it is none of these.</returns>
    internal static StartOffsets? Parse(string text)
    {
        if (text is Earliest or Latest or Committed)
            return new StartOffsets(text, new Dictionary<int, long>());
        var given = new Dictionary<int, long>();
        foreach (var pair in text.Split(','))
        {
            var parts = pair.Split(':');
            if (parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
                || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
                || !given.TryAdd(partition, offset))
                return null;
        }

        return new StartOffsets(null, given);
    }
}

/// <summary>A bootstrap can't be made; the message says why and what to do.</summary>
/// <param name="message">The message.</param>
internal sealed class BootstrapException(string message) : Exception(message);
