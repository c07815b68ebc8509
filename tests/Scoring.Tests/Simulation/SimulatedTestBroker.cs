using Scoring.Actors.Log;
using Scoring.Actors.Source;
using Scoring.Simulation.Broker;
using Scoring.Simulation.Scheduling;

namespace Scoring.Tests.Simulation;

internal sealed class SimulatedTestBroker : ITestBroker
{
    private readonly VirtualScheduler scheduler = new(20_26);
    private readonly SimulatedBroker broker;
    private int number;

    public SimulatedTestBroker() => broker = new SimulatedBroker(scheduler, new BrokerFaults());

    public string CreateTopic(int partitions)
    {
        var topic = $"topic-{++number}";
        broker.CreateTopic(topic, partitions);
        return topic;
    }

    public IGroupClient Member(string topic, string group, Assignor assignor) => new SimulatedGroupClient(
        broker, Process(), topic, new SourceOptions { GroupId = group, Assignor = assignor, SessionTimeout = TimeSpan.FromSeconds(6) }, "node");

    public IOutputLog Producer() => new SimulatedOutputLog(broker, Process());

    public ILogReader Reader(string topic) => new SimulatedLogReader(broker, Process(), topic);

    public void Until(Func<bool> condition) => Assert.True(scheduler.RunUntil(condition, TimeSpan.FromMinutes(2)), "the condition never held");

    public IReadOnlyList<InputRecord> Read(ILogReader reader, int partition, long from, long to)
    {
        var reading = Task.Factory.StartNew(() => ReadAsync(reader, partition, from, to), CancellationToken.None, TaskCreationOptions.DenyChildAttach, Process()).Unwrap();
        Until(() => reading.IsCompleted);
        return reading.GetAwaiter().GetResult();
    }

    public void Dispose() => scheduler.Dispose();

    internal static async Task<IReadOnlyList<InputRecord>> ReadAsync(ILogReader reader, int partition, long from, long to)
    {
        var records = new List<InputRecord>();
        await foreach (var record in reader.ReadAsync(partition, from, to, CancellationToken.None))
            records.Add(record);
        return records;
    }

    private VirtualProcess Process() => scheduler.Process($"client-{++number}");
}
