namespace Scoring.Actors.Relay;

/// <summary>
/// A session's first copy, which goes alone: a topic that does not exist may begin to between two records, and then the
/// client would take the second after it has failed the first. It is asked for by itself, since its partition may have
/// left this node by the time that it is settled. Owned by the relay's thread.
/// </summary>
internal sealed class FirstCopy
{
    private RelayedRecord? copy;

    /// <summary>Whether nothing may be appended behind it yet.</summary>
    internal bool IsUnderWay => copy is { IsAppended: false };

    /// <summary>A copy was handed to the log; only the first counts.</summary>
    internal void Add(RelayedRecord record) => copy ??= record;

    /// <exception cref="RelayException">It was not appended.</exception>
    internal void ThrowIfFailed()
    {
        if (copy?.Failure is { } failure)
            throw new RelayException($"the first record, the one before offset {copy.NextOffset} of its partition, was not appended ({failure})");
    }
}
