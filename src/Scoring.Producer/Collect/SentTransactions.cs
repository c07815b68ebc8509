namespace Scoring.Producer.Collect;

/// <summary>
/// What is remembered of each valid transaction sent: when it was to be sent until its score arrives, and
/// after that two bits. Blocks whose transactions are all scored drop their times. The caller serialises
/// the calls.
/// </summary>
internal sealed class SentTransactions
{
    private const int BlockLength = 1 << 16;

    private readonly List<Block> blocks = [];

    public long Count { get; private set; }

    public void Add(long intended, bool isFraud)
    {
        var at = (int)(Count % BlockLength);
        if (at == 0)
            blocks.Add(new Block());
        var block = blocks[^1];
        block.Intended![at] = intended;
        if (isFraud)
            block.Fraud[at / 64] |= 1UL << (at % 64);
        Count++;
    }

    /// <summary>Marks a transaction scored.</summary>
    /// <returns>False if it was before.</returns>
    public bool TryScore(long ordinal, out long intended, out bool isFraud)
    {
        var block = blocks[(int)(ordinal / BlockLength)];
        var at = (int)(ordinal % BlockLength);
        var bit = 1UL << (at % 64);
        isFraud = (block.Fraud[at / 64] & bit) != 0;
        intended = 0;
        if ((block.Scored[at / 64] & bit) != 0)
            return false;
        block.Scored[at / 64] |= bit;
        intended = block.Intended![at];
        if (++block.ScoredCount == BlockLength)
            block.Intended = null;
        return true;
    }

    private sealed class Block
    {
        public long[]? Intended { get; set; } = new long[BlockLength];

        public ulong[] Scored { get; } = new ulong[BlockLength / 64];

        public ulong[] Fraud { get; } = new ulong[BlockLength / 64];

        public int ScoredCount { get; set; }
    }
}
