using System.Runtime.ExceptionServices;
using Scoring.Kafka.Clients;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Scheduling;

namespace Scoring.Tests.Simulation;

internal sealed class SimulatedTestBroker : ITestBroker
{
    private const int MaxSteps = 100_000;

    private readonly VirtualScheduler scheduler = new(20_26);
    private readonly SimulatedBroker broker;
    private readonly Dictionary<IKafkaClients, VirtualProcess> processes = [];
    private int number;

    public SimulatedTestBroker() => broker = new SimulatedBroker(scheduler, new BrokerFaults());

    public string CreateTopic(int partitions)
    {
        var topic = $"topic-{++number}";
        broker.CreateTopic(topic, partitions);
        return topic;
    }

    public IKafkaClients Clients()
    {
        var process = scheduler.Process($"client-{++number}");
        var clients = new SimulatedClients(broker, process);
        processes[clients] = process;
        return clients;
    }

    public T Ask<T>(IKafkaClients clients, Func<T> question)
    {
        T? answer = default;
        ExceptionDispatchInfo? thrown = null;
        var isDone = false;
        processes[clients].RunBlocking(() =>
        {
            try
            {
                answer = question();
            }
            catch (KafkaCallException e)
            {
                thrown = ExceptionDispatchInfo.Capture(e);
            }

            isDone = true;
        });
        Until(() => isDone);
        thrown?.Throw();
        return answer!;
    }

    // A condition that polls goes on where nothing else is to come.
    public void Until(Func<bool> condition)
    {
        for (var steps = 0; !condition(); steps++)
        {
            scheduler.Step();
            Assert.True(steps < MaxSteps, "the condition never held");
        }
    }

    public void Dispose() => scheduler.Dispose();
}
