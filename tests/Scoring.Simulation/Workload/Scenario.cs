using Scoring.Actors.Sink;
using Scoring.Models.Features;

namespace Scoring.Simulation.Workload;

/// <summary>What a run is made of, drawn from its seed: sizes small enough that everything collides, and how much goes wrong.</summary>
public sealed class Scenario
{
    /// <summary>How far an event may lie behind its entity's newest and still be inserted, in seconds.</summary>
    public const int Lateness = 600;

    /// <summary>How far back windows reach, in seconds.</summary>
    public const int Retain = 3 * 3_600;

    /// <summary>How long a transaction's id is remembered, in seconds of event time.</summary>
    public const int Horizon = 2 * 3_600;

    /// <summary>The pause after which a session ends, in seconds.</summary>
    public const int SessionGap = 300;

    /// <summary>The most events that a card holds.</summary>
    public const int CardMaxEvents = 6;

    private const string Yaml = """
        featureSet: simulation
        version: 1
        lateness: 600s
        entities:
          card: { key: cardId, retain: 3h, maxEvents: 6 }
          user: { key: userId, retain: 3h, maxEvents: 2000 }
        sessions: { entity: user, gap: 300s }
        features:
          - { name: amount,        from: event,      field: amount }
          - { name: card_count,    from: card,       agg: count, window: 1h }
          - { name: card_sum,      from: card,       agg: sum,   of: amount, window: 3h }
          - { name: card_mean_off, from: card,       agg: mean,  of: amount, window: 1h, offset: 30m }
          - { name: user_risk,     from: user,       agg: rate,  of: label, window: 2h, empty: 0 }
          - { name: user_ecom,     from: user,       agg: count, window: 1h, where: { channel: ecom } }
          - { name: card_shops,    from: card,       agg: distinct, of: merchantId, window: 2h }
          - { name: card_pause,    from: card,       agg: time_since_last }
          - { name: user_run,      from: user,       agg: count, window: { session: 10m } }
          - { name: user_max,      from: user,       agg: max,   of: amount, window: { tumbling: 1h } }
          - { name: ratio,         from: arithmetic, ratio: [amount, card_sum], empty: 1 }
          - { name: card_known,    from: card,       agg: frequency, of: merchantId, window: 3h, thisEvent: exclude }
        """;

    private readonly Random random;

    /// <summary>Draws a scenario.</summary>
    /// <param name="seed">Decides it.</param>
    /// <param name="guarantee">What must hold of repeats; null draws that too.</param>
    public Scenario(int seed, Guarantee? guarantee = null)
    {
        random = new Random(seed);
        Partitions = 1 + random.Next(4);
        Nodes = 1 + random.Next(3);
        Transactions = 40 + random.Next(120);
        MailboxRecords = OneOf(2, 8, 64);
        MaxBatchRecords = OneOf(1, 3, 16);
        MaxInFlightBatches = OneOf(1, 2, 4);
        MaxUnacknowledgedBatches = MaxInFlightBatches + OneOf(1, 4, 32);
        ProducerQueue = OneOf(4, 50, 10_000);
        SlowAppendOneIn = OneOf(0, 6, 30);
        BrokenAppendOneIn = OneOf(0, 0, 0, 400);
        FailedCommitOneIn = OneOf(0, 5, 20);
        LostCommitAnswerOneIn = OneOf(0, 5, 20);
        FatalAppendOneIn = OneOf(0, 0, 0, 300);
        LostLookupOneIn = OneOf(0, 6, 30);
        FatalPollOneIn = OneOf(0, 0, 0, 300);
        SlowStoreOneIn = OneOf(0, 5, 20);
        RefusedStoreOneIn = OneOf(0, 6, 30);
        LostStoreAnswerOneIn = OneOf(0, 6, 30);
        CheckpointInterval = TimeSpan.FromMilliseconds(OneOf(150, 700, 3_000));
        CheckpointBytes = OneOf(1_500, 6_000, 1_000_000);
        MaxDirtyEntities = OneOf(2, 8, 1_000);
        MaxEntitiesInMemory = OneOf(3, 6, 1_000);
        Poison = random.Next(3) == 0;
        Faults = random.Next(8);
        Guarantee = guarantee ?? (random.Next(2) == 0 ? Guarantee.AtLeastOnce : Guarantee.ExactlyOnce);
        RefusedTransactionOneIn = OneOf(0, 5, 20);
        LostTransactionAnswerOneIn = OneOf(0, 10, 40);
        AbortableTransactionOneIn = OneOf(0, 8, 40);
        FatalTransactionOneIn = OneOf(0, 0, 150);
        DamagedRows = OneOf(0, 0, 2, 8);
        Trims = OneOf(0, 0, 3, 12);
        TrimMargin = OneOf(0, 5, 40);
        SetBacks = OneOf(0, 0, 2);
        Hearing = TimeSpan.FromSeconds(OneOf(2, 20, 180));
        CommitInterval = TimeSpan.FromMilliseconds(OneOf(1, 30, 200));
        UpstreamTransactionOneIn = OneOf(0, 0, 12);
    }

    /// <summary>The features that every run computes.</summary>
    public static FeatureSet Features { get; } = FeatureSet.Parse(new StringReader(Yaml), "simulation.yaml");

    public int Partitions { get; }

    public int Nodes { get; }

    public int Transactions { get; }

    public int MailboxRecords { get; }

    public int MaxBatchRecords { get; }

    public int MaxInFlightBatches { get; }

    public int MaxUnacknowledgedBatches { get; }

    public int ProducerQueue { get; }

    public int SlowAppendOneIn { get; }

    public int BrokenAppendOneIn { get; }

    public int FailedCommitOneIn { get; }

    public int LostCommitAnswerOneIn { get; }

    public int FatalAppendOneIn { get; }

    public int LostLookupOneIn { get; }

    public int FatalPollOneIn { get; }

    public int SlowStoreOneIn { get; }

    public int RefusedStoreOneIn { get; }

    public int LostStoreAnswerOneIn { get; }

    public TimeSpan CheckpointInterval { get; }

    public int CheckpointBytes { get; }

    public int MaxDirtyEntities { get; }

    public int MaxEntitiesInMemory { get; }

    /// <summary>Whether some records make an entity throw.</summary>
    public bool Poison { get; }

    /// <summary>How many things break while the load runs.</summary>
    public int Faults { get; }

    /// <summary>What must hold of repeats.</summary>
    public Guarantee Guarantee { get; }

    public int RefusedTransactionOneIn { get; }

    public int LostTransactionAnswerOneIn { get; }

    public int AbortableTransactionOneIn { get; }

    public int FatalTransactionOneIn { get; }

    /// <summary>How many stored rows have a bit flipped while the load runs.</summary>
    public int DamagedRows { get; }

    /// <summary>How often the log forgets what no recovery needs any more.</summary>
    public int Trims { get; }

    /// <summary>How many records below the checkpoint it keeps.</summary>
    public int TrimMargin { get; }

    /// <summary>How often the group's offset of a partition expires or is set back.</summary>
    public int SetBacks { get; }

    /// <summary>After how long at most a node that was given up hears of it.</summary>
    public TimeSpan Hearing { get; }

    /// <summary>The least time between two commits, and how long after its first message a transaction is committed.</summary>
    public TimeSpan CommitInterval { get; }

    /// <summary>One act of the load in so many is a transaction of an upstream's, committed or not. 0 for none.</summary>
    public int UpstreamTransactionOneIn { get; }

    private T OneOf<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];
}
