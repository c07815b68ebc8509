using System.Diagnostics.Metrics;
using System.Text;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Persistence;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Scoring.Actors.Snapshots;
using Scoring.IntegrationTests.State;

namespace Scoring.IntegrationTests.Snapshots;

/// <summary>An actor system with one snapshot store, and somebody who asks it.</summary>
internal sealed class StoreNode : IAsyncDisposable
{
    private const string Path = "akka.persistence.snapshot-store.tested";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TestKit kit;
    private readonly TestMeters meters = new();
    private readonly MeterListener listener = new();
    private readonly Dictionary<string, int> groups = [];

    internal StoreNode(string section)
    {
        var config = ConfigurationFactory.ParseString($$"""
            akka.loglevel = WARNING
            akka.actor.serializers.frozen = "{{typeof(FrozenStateSerializer).AssemblyQualifiedName}}"
            akka.actor.serialization-bindings { "{{typeof(FrozenState).AssemblyQualifiedName}}" = frozen }
            {{Path}} {
                {{section}}
            }
            """);
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name is "scoring.snapshots.duration")
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            lock (groups)
                groups[(string)tags[0].Value!] = groups.GetValueOrDefault((string)tags[0].Value!) + 1;
        });
        listener.Start();
        kit = new TestKit(ActorSystem.Create("stores", BootstrapSetup.Create().WithConfig(config).And(new SnapshotStoreSetup(meters, TimeProvider.System))));
        Store = Persistence.Instance.Apply(kit.Sys).SnapshotStoreFor(Path);
        Asker = kit.CreateTestProbe();
    }

    internal IMeterFactory Meters => meters;

    internal IActorRef Store { get; }

    internal TestProbe Asker { get; }

    internal void Stop() => kit.Sys.Stop(Store);

    internal static SaveSnapshot Saving(string id, long number, object payload, DateTime created = default) => new(new SnapshotMetadata(id, number, created), payload);

    internal static FrozenState Frozen(string text) => new(Encoding.UTF8.GetBytes(text));

    internal static string Text(SelectedSnapshot? snapshot) => snapshot is null ? "none" : $"{snapshot.Metadata.SequenceNr}: {snapshot.Snapshot switch
    {
        FrozenState state => Encoding.UTF8.GetString(state.Bytes),
        byte[] bytes => Convert.ToHexString(bytes),
        var other => other,
    }}";

    /// <summary>Groups and single calls that were done.</summary>
    internal int Groups(string operation)
    {
        lock (groups)
            return groups.GetValueOrDefault(operation);
    }

    internal void Tell(object request) => Store.Tell(request, Asker.Ref);

    internal IReadOnlyList<object> Answers(int count) => [.. Asker.ReceiveN(count, Limit)];

    internal object Ask(object request)
    {
        Tell(request);
        return Assert.Single(Answers(1));
    }

    internal T Ask<T>(object request) => Assert.IsType<T>(Ask(request));

    /// <summary>Saves, all at once, and expects that all are.</summary>
    internal void Save(params IEnumerable<SaveSnapshot> saves)
    {
        var all = saves.ToList();
        all.ForEach(Tell);
        Assert.All(Answers(all.Count), a => Assert.IsType<SaveSnapshotSuccess>(a));
    }

    internal string Load(string id, long to = long.MaxValue, SnapshotSelectionCriteria? criteria = null) =>
        Text(Ask<LoadSnapshotResult>(new LoadSnapshot(id, criteria ?? SnapshotSelectionCriteria.Latest, to)).Snapshot);

    public async ValueTask DisposeAsync()
    {
        await kit.Sys.Terminate();
        kit.Dispose();
        listener.Dispose();
        meters.Dispose();
    }
}
