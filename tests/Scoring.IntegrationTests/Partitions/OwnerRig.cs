using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Persistence;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Microsoft.AspNetCore.Builder;
using Confluent.Kafka;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Messages;
using Scoring.Actors.Parts;
using Scoring.Actors.Partitions;
using Scoring.Actors.Snapshots;
using Scoring.Actors.State;
using Scoring.Host;
using Scoring.Host.Options;
using Scoring.Kafka.Consumers;
using Scoring.Models.Features;

namespace Scoring.IntegrationTests.Partitions;

/// <summary>Owners of one partition, one after another or two at once, on an embedded broker and an SQLite file.</summary>
internal sealed class OwnerRig : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TestBroker broker = new(1);
    private readonly string folder = Directory.CreateTempSubdirectory("scoring-owner-").FullName;
    private readonly WebApplication services;
    private readonly WebApplication elsewhere;
    private readonly TestKit kit;
    private readonly TestProbe partition;
    private readonly PartitionContext context;
    private long generation;
    private long sent;

    public OwnerRig(Action<RecordStep, InputRecord>? probe = null, Func<ScoringOptions, ScoringOptions>? adjust = null, bool sessions = false)
    {
        services = Services(adjust);
        elsewhere = Services(adjust);
        var config = ConfigurationFactory.ParseString("akka.loglevel = WARNING").WithFallback(PartitionServices.Configuration(services.Services.OptionsOf<StateOptions>()));
        kit = new TestKit(ActorSystem.Create("owners", BootstrapSetup.Create().WithConfig(config).And(services.Services.GetRequiredService<SnapshotStoreSetup>())));
        Store = Persistence.Instance.Apply(kit.Sys).SnapshotStoreFor(PartitionServices.StorePath);
        partition = kit.CreateTestProbe();
        services.Services.GetRequiredService<NodeConsumer>().Start();
        elsewhere.Services.GetRequiredService<NodeConsumer>().Start();
        context = PartitionServices.Context(services.Services, Store, 1) with { Probe = probe };
        if (sessions)
            context = context with { Features = WithSessions() };
        Client = new TestClient(broker);
    }

    public TestClient Client { get; }

    public IActorRef Store { get; }

    public ShardProgress Progress { get; private set; } = new();

    private string StatePath => Path.Combine(folder, "state.db");

    /// <summary>Begins a take-over.</summary>
    public IActorRef Begin()
    {
        Progress = new ShardProgress();
        return kit.Sys.ActorOf(OwnerActor.Props(context, 0, ++generation, partition.Ref, Progress));
    }

    /// <summary>Begins a take-over by another node, of which this one has not heard.</summary>
    public IActorRef BeginElsewhere() => kit.Sys.ActorOf(OwnerActor.Props(PartitionServices.Context(elsewhere.Services, Store, 1), 0, ++generation, partition.Ref, new ShardProgress()));

    /// <summary>Begins a take-over, and waits until it is live.</summary>
    public IActorRef BeginLive()
    {
        var owner = Begin();
        Report<WentLive>();
        return owner;
    }

    /// <summary>The next report; it has to be of that kind.</summary>
    public T Report<T>()
        where T : GenerationReport => Assert.IsAssignableFrom<T>(partition.ReceiveOne(Limit));

    /// <summary>Has an owner give the partition back.</summary>
    public void GiveBack(IActorRef owner)
    {
        var watcher = kit.CreateTestProbe();
        watcher.Watch(owner);
        owner.Tell(Drain.Instance);
        Report<GaveBack>();
        watcher.ExpectTerminated(owner, Limit);
    }

    /// <summary>Ends an owner as a crash would: it does nothing more.</summary>
    public void Kill(IActorRef owner)
    {
        var watcher = kit.CreateTestProbe();
        watcher.Watch(owner);
        kit.Sys.Stop(owner);
        watcher.ExpectTerminated(owner, Limit);
    }

    /// <summary>Lets owners follow each other until one is live and stays so past an offset.</summary>
    public async Task<IActorRef> LiveThroughAsync(long offset)
    {
        for (var tries = 0; tries < 20; tries++)
        {
            var owner = Begin();
            while (true)
            {
                await Eventually.TrueAsync(() => partition.HasMessages || Progress.CommittableOffset >= offset, $"the owner commits {offset} or ends");
                if (!partition.HasMessages)
                    return owner;
                if (partition.ReceiveOne(Limit) is not WentLive)
                    break;
            }
        }

        throw new InvalidOperationException("twenty owners in a row were lost");
    }

    /// <summary>Sends a transaction; the offset is that of the count of records before.</summary>
    public long Send(string id, string user, string card, int second, decimal amount = 10)
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(1_772_366_400 + second);
        var value = new JsonObject { ["transactionId"] = id, ["cardId"] = card, ["userId"] = user, ["amount"] = amount, ["eventTime"] = time.ToUnixTimeMilliseconds(), ["merchantId"] = "m" };
        Client.Send(Encoding.UTF8.GetBytes(user), Encoding.UTF8.GetBytes(value.ToJsonString()), timestampMillis: time.ToUnixTimeMilliseconds());
        Client.Flush();
        return sent++;
    }

    public Task CommittedAsync(long offset) => Eventually.TrueAsync(() => Task.FromResult(Progress.CommittableOffset >= offset), () => $"{offset} is committed, not {Progress.CommittableOffset}");

    public Task CheckpointAsync(long offset) => Eventually.TrueAsync(() => Task.FromResult(Progress.CheckpointOffset >= offset), () => $"there is a checkpoint at {offset}, not {Progress.CheckpointOffset}");

    public static async Task<IReadOnlyList<CardEntry>?> ReadAsync(IActorRef owner, string user, string card) => (await owner.Ask<CardRead>(new ReadCard(card, [user]), Limit)).Entries;

    /// <summary>The scores, as many as must be there at least, by id and in the topic's order.</summary>
    public List<(string Id, JsonObject Score)> Scores(int atLeast) =>
        [.. Client.Read("scores", atLeast).Select(r => JsonNode.Parse(r.Message.Value!)!.AsObject()).Select(s => ((string)s["transactionId"]!, s))];

    public List<ConsumeResult<byte[]?, byte[]?>> DeadLetters(int atLeast) => Client.Read("transactions.dlq", atLeast);

    public long? Committed()
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = broker.BootstrapServers, GroupId = broker.Group }).Build();
        var its = consumer.Committed([new TopicPartition(broker.Prefix + "transactions", 0)], Limit)[0].Offset;
        return its.IsSpecial ? null : its.Value;
    }

    /// <summary>Sets the group's offset, as a late commit of a former owner or a person does.</summary>
    public void SetCommitted(long offset)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = broker.BootstrapServers, GroupId = broker.Group }).Build();
        consumer.Commit([new TopicPartitionOffset(broker.Prefix + "transactions", 0, offset)]);
    }

    /// <summary>Runs a statement on the rows of the store.</summary>
    public int Sql(string statement)
    {
        using var connection = new SqliteConnection($"Data Source={StatePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = statement;
        return command.ExecuteNonQuery();
    }

    public long Count(string condition)
    {
        using var connection = new SqliteConnection($"Data Source={StatePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT COUNT(*) FROM snapshot WHERE {condition}";
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await kit.Sys.Terminate();
        kit.Dispose();
        await services.DisposeAsync();
        await elsewhere.DisposeAsync();
        Client.Dispose();
        broker.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    // The shipped feature set follows none; the vector, and so the model, is the same with them.
    private static CompiledFeatures WithSessions()
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "features", "fraud.yaml")) + "\nsessions: { entity: user, gap: 30m }\n";
        return new CompiledFeatures(FeatureSet.Parse(new StringReader(text), "fraud with sessions"), new FeatureEngineOptions { LocalEntitiesOnly = true });
    }

    private WebApplication Services(Func<ScoringOptions, ScoringOptions>? adjust)
    {
        var builder = ScoringHost.NodeBuilder(SettingArguments.Read([]), options => Adjusted(options, adjust), TimeProvider.System);
        return builder.Build();
    }

    private ScoringOptions Adjusted(ScoringOptions options, Func<ScoringOptions, ScoringOptions>? adjust)
    {
        var changed = options with
        {
            NodeId = "rig",
            Kafka = options.Kafka with { BootstrapServers = broker.BootstrapServers },
            Topics = options.Topics with { Prefix = broker.Prefix },
            Decode = options.Decode.ForHistory(),
            Source = options.Source with { GroupId = broker.Group, FetchWait = TimeSpan.FromMilliseconds(2), CommitInterval = TimeSpan.FromMilliseconds(5) },
            Shards = options.Shards with { RecordFeatures = true, NudgeInterval = TimeSpan.FromMilliseconds(20) },
            State = options.State with { Path = StatePath, CheckpointInterval = TimeSpan.FromMilliseconds(20) },
        };
        return adjust is null ? changed : adjust(changed);
    }
}
