using Scoring.Kafka.Clients;

namespace Scoring.Tests.Simulation;

/// <summary>A broker that the conformance tests run against, with clients of its own kind.</summary>
internal interface ITestBroker : IDisposable
{
    /// <summary>A topic of this test's own, with so many partitions.</summary>
    string CreateTopic(int partitions);

    /// <summary>The clients of a process of its own.</summary>
    IKafkaClients Clients();

    /// <summary>Does something that may block, as a loop of the clients' process would.</summary>
    T Ask<T>(IKafkaClients clients, Func<T> question);

    /// <summary>Lets time pass until a condition holds; what it does meanwhile polls.</summary>
    void Until(Func<bool> condition);
}
