using Scoring.Actors.Log;
using Scoring.Actors.Source;

namespace Scoring.Tests.Simulation;

/// <summary>A broker that the conformance tests run against, with clients of its own kind.</summary>
internal interface ITestBroker : IDisposable
{
    /// <summary>A topic of this test's own, with so many partitions.</summary>
    string CreateTopic(int partitions);

    /// <summary>A member of a group, not yet joined.</summary>
    IGroupClient Member(string topic, string group, Assignor assignor);

    /// <summary>A producer.</summary>
    IOutputLog Producer();

    /// <summary>A reader beside the group.</summary>
    ILogReader Reader(string topic);

    /// <summary>Lets time pass until a condition holds; what it does meanwhile polls.</summary>
    void Until(Func<bool> condition);

    /// <summary>Reads a stretch to its end.</summary>
    IReadOnlyList<InputRecord> Read(ILogReader reader, int partition, long from, long to);
}
