using System.Diagnostics;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Scoring.Actors.Log;
using Scoring.Kafka;

namespace Scoring.IntegrationTests;

/// <summary>
/// The topics of the service for one test: on an embedded broker of its own, or under a name of their own on the Kafka that
/// <see cref="Variable"/> names.
/// </summary>
internal sealed class TestBroker : IDisposable
{
    public const string Variable = "SCORING_TEST_KAFKA";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static int made;

    private readonly EmbeddedBroker? embedded;
    private readonly IReadOnlyList<string> topics;

    public TestBroker(int partitions = 4, params string[] furtherTopics)
    {
        Prefix = Given is null ? "it." : string.Create(CultureInfo.InvariantCulture, $"it-{Environment.ProcessId}-{Stopwatch.GetTimestamp():x}-{Interlocked.Increment(ref made)}.");
        topics = [.. new Topics { Prefix = Prefix }.Resolved().All, .. furtherTopics.Select(t => Prefix + t)];
        if (Given is { } kafka)
        {
            BootstrapServers = kafka;
            Admin(admin => admin.CreateTopicsAsync(topics.Select(t => new TopicSpecification { Name = t, NumPartitions = partitions, ReplicationFactor = -1 }), new CreateTopicsOptions { OperationTimeout = Limit }));
        }
        else
        {
            embedded = EmbeddedBroker.Start(new EmbeddedBrokerOptions { Partitions = partitions, Topics = topics });
            BootstrapServers = embedded.BootstrapServers;
        }
    }

    /// <summary>The Kafka to test against; null for embedded brokers.</summary>
    public static string? Given { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : null;

    public string BootstrapServers { get; }

    /// <summary>What a test makes go wrong; only of an embedded broker.</summary>
    public EmbeddedBroker Embedded => embedded ?? throw new InvalidOperationException($"the Kafka of {Variable} is not the test's own");

    /// <summary>Stands before every topic's name.</summary>
    public string Prefix { get; }

    /// <summary>The scorers' group.</summary>
    public string Group => Prefix + "scoring";

    public void Dispose()
    {
        if (embedded is null)
            Admin(admin => admin.DeleteTopicsAsync(topics, new DeleteTopicsOptions { OperationTimeout = Limit }));
        else
            embedded.Dispose();
    }

    private void Admin(Func<IAdminClient, Task> act)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();
        act(admin).GetAwaiter().GetResult();
    }
}

/// <summary>A test that takes its broker away, which only an embedded one allows.</summary>
internal sealed class EmbeddedBrokerFactAttribute : FactAttribute
{
    public EmbeddedBrokerFactAttribute() => Skip = EmbeddedBrokerOnly.Reason;
}

/// <summary>Tests that take their broker away, which only an embedded one allows.</summary>
internal sealed class EmbeddedBrokerTheoryAttribute : TheoryAttribute
{
    public EmbeddedBrokerTheoryAttribute() => Skip = EmbeddedBrokerOnly.Reason;
}

internal static class EmbeddedBrokerOnly
{
    public static string? Reason => TestBroker.Given is null ? null : $"takes its broker away; the Kafka of {TestBroker.Variable} stays";
}
