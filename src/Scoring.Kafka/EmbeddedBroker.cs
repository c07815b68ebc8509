using System.ComponentModel.DataAnnotations;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Scoring.Kafka;

/// <summary>What an <see cref="EmbeddedBroker"/> starts with.</summary>
public sealed record EmbeddedBrokerOptions
{
    /// <summary>Partitions of each topic that is named in <see cref="Topics"/>.</summary>
    [Range(1, 256)]
    public int Partitions { get; init; } = 4;

    /// <summary>The topics to create at start. Others come into being on first use, with 4 partitions.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>
    /// How long a new group waits for further members before its first assignment. The protocol's usual
    /// 3 s serve clusters whose members start together; in one process there is one member.
    /// </summary>
    public TimeSpan InitialRebalanceDelay { get; init; } = TimeSpan.FromMilliseconds(50);
}

/// <summary>
/// A Kafka broker inside this process: librdkafka's mock cluster, which speaks the real protocol, groups
/// and rebalances included. For the demo and the tests only: it keeps about 5 MiB a partition in memory
/// and silently forgets what is older, and it acknowledges transactions without isolating them.
/// Dispose it after every client of it.
/// </summary>
public sealed partial class EmbeddedBroker : IDisposable
{
    /// <summary>Bytes of a partition beyond which the oldest of it is forgotten.</summary>
    public const long PartitionBytes = 5 * 1024 * 1024;

    private const int Broker = 1;
    private const int Producer = 0;
    private const int ErrorTextBytes = 512;

    private readonly Lock gate = new();
    private nint client;
    private nint cluster;

    private EmbeddedBroker(nint client, nint cluster, string bootstrapServers)
    {
        this.client = client;
        this.cluster = cluster;
        BootstrapServers = bootstrapServers;
    }

    /// <summary>The broker's address on 127.0.0.1, as host:port.</summary>
    public string BootstrapServers { get; }

    /// <summary>Starts a broker on a free port.</summary>
    /// <param name="options">Its topics.</param>
    /// <exception cref="InvalidOperationException">The native library refused.</exception>
    public static EmbeddedBroker Start(EmbeddedBrokerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var configuration = Native.ConfigurationNew();
        // The mock logs each connection that closes as an error; what matters reaches the clients.
        Set(configuration, "log_level", "0");
        var errors = new byte[ErrorTextBytes];
        var client = Native.ClientNew(Producer, configuration, errors, (nuint)errors.Length);
        if (client == nint.Zero)
            throw new InvalidOperationException($"The embedded broker's client did not start: {Text(errors)}");
        var cluster = Native.ClusterNew(client, 1);
        if (cluster == nint.Zero)
        {
            Native.ClientDestroy(client);
            throw new InvalidOperationException("The embedded broker did not start: librdkafka's mock cluster could not bind a port on 127.0.0.1");
        }

        var bootstrap = Marshal.PtrToStringUTF8(Native.ClusterBootstraps(cluster))!;
        var broker = new EmbeddedBroker(client, cluster, bootstrap);
        Native.InitialRebalanceDelay(cluster, (int)options.InitialRebalanceDelay.TotalMilliseconds);
        try
        {
            // By itself it names a controller that does not exist, for which what an admin client asks would wait.
            if (Native.SetController(cluster, Broker) is not 0 and var code)
                throw new InvalidOperationException($"The embedded broker has no controller: {code}");
            foreach (var topic in options.Topics)
                broker.CreateTopic(topic, options.Partitions);
        }
        catch
        {
            broker.Dispose();
            throw;
        }

        return broker;
    }

    /// <summary>Creates a topic.</summary>
    /// <param name="topic">Its name.</param>
    /// <param name="partitions">Its partitions.</param>
    /// <exception cref="InvalidOperationException">The topic exists already, or its name is not valid.</exception>
    public void CreateTopic(string topic, int partitions)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(cluster == nint.Zero, this);
            var code = Native.TopicCreate(cluster, topic, partitions, 1);
            if (code != 0)
                throw new InvalidOperationException($"The embedded broker refused to create topic '{topic}' with {partitions} partitions: {((ErrorCode)code).GetReason()}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            if (cluster == nint.Zero)
                return;
            Native.ClusterDestroy(cluster);
            Native.ClientDestroy(client);
            cluster = nint.Zero;
            client = nint.Zero;
        }
    }

    private static void Set(nint configuration, string name, string value)
    {
        var errors = new byte[ErrorTextBytes];
        if (Native.ConfigurationSet(configuration, name, value, errors, (nuint)errors.Length) != 0)
            throw new InvalidOperationException($"librdkafka refused {name}={value}: {Text(errors)}");
    }

    private static string Text(byte[] errors) => System.Text.Encoding.UTF8.GetString(errors).TrimEnd('\0');
}
