using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Scoring.Actors.Telemetry;
using Scoring.Models.Wire;

namespace Scoring.Actors.Relay;

/// <summary>What a node's relay counts.</summary>
internal sealed class RelayMetrics
{
    private readonly Counter<long> relayed;
    private readonly Counter<long> dead;
    private int underWay;
    private readonly ConcurrentDictionary<(string Topic, int Partition), long> lags = new();

    internal RelayMetrics(IMeterFactory meters, IEnumerable<string> origins)
    {
        var meter = meters.Create(ScoringMeter.Name);
        relayed = meter.CreateCounterAtZero("scoring.relay.records", "{record}", "Records that the relay handed to the input log", origins.Select(Topic));
        dead = meter.CreateCounterAtZero("scoring.relay.dead_letters", "{record}", "Records that the relay could not read", Enum.GetValues<RejectReason>().Select(Reason));
        Restarts = meter.CreateCounterAtZero("scoring.relay.restarts", "{restart}", "Times that the relay began anew from what it had committed, after a failure");
        Gaps = meter.CreateCounterAtZero("scoring.relay.gaps", "{partition}", "Times that a partition did not hold the offset that the relay's group stood at");
        Lost = meter.CreateCounterAtZero("scoring.relay.lost", "{record}", "Records that left a relayed topic before they were read", origins.Select(Topic));
        meter.CreateObservableGauge("scoring.relay.under_way", () => Volatile.Read(ref underWay), "{record}", "Records that the relay has read and the log has not acknowledged");
        meter.CreateObservableGauge("scoring.relay.lag", Lags, "{record}", "Records of a relayed partition that are not committed yet");
    }

    internal Counter<long> Restarts { get; }

    internal Counter<long> Gaps { get; }

    internal Counter<long> Lost { get; }

    internal void Relayed(string topic, int records = 1) => relayed.Add(records, Topic(topic));

    internal void Dead(RejectReason reason) => dead.Add(1, Reason(reason));

    internal void AddUnderWay(int records) => Interlocked.Add(ref underWay, records);

    internal void Show(string topic, int partition, long lag) => lags[(topic, partition)] = lag;

    internal void Left(string topic, int partition) => lags.TryRemove((topic, partition), out _);

    private IEnumerable<Measurement<long>> Lags() =>
        lags.Select(p => new Measurement<long>(p.Value, Topic(p.Key.Topic), KeyValuePair.Create<string, object?>("partition", p.Key.Partition)));

    private static KeyValuePair<string, object?> Topic(string name) => KeyValuePair.Create<string, object?>("topic", name);

    private static KeyValuePair<string, object?> Reason(RejectReason reason) => KeyValuePair.Create<string, object?>("reason", reason.Code());
}
