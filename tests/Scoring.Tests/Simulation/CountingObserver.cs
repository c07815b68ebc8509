using Scoring.Actors.Log;

namespace Scoring.Tests.Simulation;

/// <summary>Counts what became of appends.</summary>
internal sealed class CountingObserver : AppendObserver
{
    private int appended;

    public int AppendedCount => Volatile.Read(ref appended);

    public AppendFailure? Failure { get; private set; }

    public override void Appended() => Interlocked.Increment(ref appended);

    public override void Failed(AppendFailure failure, string detail) => Failure = failure;
}
