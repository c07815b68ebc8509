using Scoring.Actors.Log;

namespace Scoring.Actors.Relay;

/// <summary>One record on its way: told by a thread of the log's what became of it, asked by the relay's.</summary>
/// <param name="nextOffset">The offset behind it in its own topic.</param>
/// <param name="bytes">What it weighs.</param>
/// <param name="settled">Is set when it is acknowledged or has failed.</param>
internal sealed class RelayedRecord(long nextOffset, int bytes, AutoResetEvent settled) : AppendObserver
{
    private volatile bool isAppended;
    private volatile string? failure;

    internal long NextOffset => nextOffset;

    internal int Bytes => bytes;

    internal bool IsAppended => isAppended;

    internal string? Failure => failure;

    public override void Appended()
    {
        isAppended = true;
        settled.Set();
    }

    public override void Failed(AppendFailure failure, string detail)
    {
        this.failure = $"{failure}: {detail}";
        settled.Set();
    }
}
