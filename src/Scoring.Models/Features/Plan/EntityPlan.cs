using Scoring.Models.Features.Language;
using Scoring.Models.Features.State;
using Scoring.Models.Wire;

namespace Scoring.Models.Features.Plan;

/// <summary>A counter of a value table that a cell keeps, and the slot that holds how many counters are above 0.</summary>
internal readonly record struct DistinctPlan(int Table, int Counter, int Slot);

/// <summary>
/// The running aggregates of one window and one filter. Slots are places in the entity's array of 64-bit
/// numbers; −1 stands for "not needed".
/// </summary>
internal sealed class CellPlan(Filter? filter, uint filterMask, int countSlot)
{
    public Filter? Filter { get; } = filter;

    /// <summary>The flag that an event must carry; 0 for every event.</summary>
    public uint FilterMask { get; } = filterMask;

    /// <summary>Low half: the events; high half: those labelled true.</summary>
    public int CountSlot { get; } = countSlot;

    /// <summary>Two slots: the sum of the amounts, 128 bits.</summary>
    public int SumSlot { get; set; } = -1;

    /// <summary>Two slots: the sum of their squares, 128 bits.</summary>
    public int SquareSlot { get; set; } = -1;

    /// <summary>Low half: 1 + the place of the first event; high half: of the last; 0 for none.</summary>
    public int EdgeSlot { get; set; } = -1;

    public int MinQueue { get; set; } = -1;

    public int MaxQueue { get; set; } = -1;

    public DistinctPlan[] Distincts { get; set; } = [];

    /// <summary>Whether it depends on the order of events and so cannot be taken back one event at a time.</summary>
    public bool IsOrdered => EdgeSlot >= 0 || MinQueue >= 0 || MaxQueue >= 0;
}

/// <summary>One window of an entity: all features of this shape share its two ends and its cells.</summary>
internal sealed class SpanPlan(Window window, int slot)
{
    public Window Window { get; } = window;

    /// <summary>Low half: the first event in the window; high half: the one after the last.</summary>
    public int Slot { get; } = slot;

    public CellPlan[] Cells { get; set; } = [];

    public bool IsSession { get; } = window.Kind == WindowKind.Session;

    public bool IsOrdered => Array.Exists(Cells, c => c.IsOrdered);

    /// <summary>Events at or before this time are out of the window at time t. For a session: out of its reach.</summary>
    public long Lower(long t)
    {
        var upper = t - Window.OffsetMicros;
        if (Window.Kind != WindowKind.Tumbling)
            return upper - (IsSession ? Window.ReachMicros : Window.LengthMicros);
        var intoWindow = upper % Window.LengthMicros;
        return upper - (intoWindow < 0 ? intoWindow + Window.LengthMicros : intoWindow) - 1;
    }

    /// <summary>Events after this time are not yet in the window at time t.</summary>
    public long Upper(long t) => t - Window.OffsetMicros;
}

/// <summary>How one feature reads its cell.</summary>
internal sealed record AggregateRead(int Target, string Feature, Aggregate Aggregate, SpanPlan Span, CellPlan Cell, DistinctPlan Distinct, double Empty);

/// <summary>Everything that an engine keeps of one kind of entity.</summary>
internal sealed class EntityPlan
{
    public required string Name
    {
        get;
        init
        {
            field = value;
            NameBytes = System.Text.Encoding.UTF8.GetBytes(value);
            ChecksumStart = Crc32C.Append(Crc32C.Start, NameBytes);
        }
    }

    /// <summary>Its name, as states hold it.</summary>
    public byte[] NameBytes { get; private init; } = [];

    /// <summary>What the checksums of its states begin with, so that no kind's state passes for another's.</summary>
    public uint ChecksumStart { get; private init; }

    public required TransactionField Key { get; init; }

    /// <summary>How long an event is held after the entity's newest, in microseconds of event time.</summary>
    public required long HoldMicros { get; init; }

    public required int MaxEvents { get; init; }

    /// <summary>Whether its events lie in the partition of their user, as those of cards and users do.</summary>
    public bool IsLocal => Key is TransactionField.CardId or TransactionField.UserId;

    /// <summary>Whether it is the card, which also answers whether a transaction was seen before.</summary>
    public bool IsCard => Key == TransactionField.CardId;

    public bool HasLabels { get; set; }

    /// <summary>The value table of the merchants of its sessions; −1 where sessions are not followed.</summary>
    public int MerchantTable { get; set; } = -1;

    public bool KeepsIds => IsCard || HasLabels;

    /// <summary>For how long, in microseconds, it can tell a repeat from another payment under its identity; 0 where it need not.</summary>
    public long BodyHoldMicros { get; init; }

    public bool KeepsAmounts { get; set; }

    /// <summary>Bytes of flags an event: bit 0 its label, the others the filters that it passes.</summary>
    public int FlagBytes { get; set; }

    /// <summary>For each value table, which of the set's hashed fields it counts.</summary>
    public int[] Tables { get; set; } = [];

    /// <summary>Counters a value of each table has.</summary>
    public List<int> TableCounters { get; } = [];

    /// <summary>What its saved states keep.</summary>
    public StateLayout Layout { get; set; } = null!;

    public SpanPlan[] Spans { get; set; } = [];

    public int SlotCount { get; set; }

    public int QueueCount { get; set; }

    public AggregateRead[] ReadsBefore { get; set; } = [];

    public AggregateRead[] ReadsAfter { get; set; } = [];

    /// <summary>The places of all its features in the vector.</summary>
    public int[] Targets { get; set; } = [];

    /// <summary>Bytes an event takes while all its entity's amounts fit 32 bits.</summary>
    public int EventBytes(bool wideAmounts) =>
        8 + (KeepsIds ? 8 : 0) + (KeepsAmounts ? (wideAmounts ? 8 : 4) : 0) + (2 * Tables.Length) + FlagBytes;
}
