using System.Buffers;
using Scoring.Actors.Entities;
using Scoring.Actors.Log;
using Scoring.Actors.Pipeline;
using Scoring.Actors.State;
using Scoring.Models.Features;
using Scoring.Models.Wire;
using static Scoring.Tests.Pipeline.ShardFixture;

namespace Scoring.Tests.Pipeline;

/// <summary>A user's row, of offset 3, is damaged; the version before it is of offset 1.</summary>
public sealed class EntityRepairTests : IAsyncDisposable
{
    private static readonly byte[] User = "u"u8.ToArray();
    private static readonly byte[] Card = [(byte)'u', 0xFF, (byte)'c'];

    private static readonly FeatureSet Counts = FeatureSet.Parse(
        new StringReader("""
            featureSet: counts
            version: 1
            entities:
              card: { key: cardId, retain: 1d }
              user: { key: userId, retain: 1d }
            features:
              - { name: card, from: card, agg: count, window: 1d }
              - { name: user, from: user, agg: count, window: 1d }
            """),
        "counts.yaml");

    private readonly EntityStage shard = Stage();
    private readonly ShardFixture fixture = new();
    private byte[] before = [];

    public async ValueTask DisposeAsync() => await fixture.DisposeAsync();

    [Fact]
    public async Task Another_payment_under_an_id_that_only_the_card_knows_is_not_applied_either()
    {
        Assert.Equal(EntityOutcome.Conflicting, Play(Transaction("a", 0, 0), Transaction("a", 1, 1_000), Transaction("b", 2, 2_000)));
        await StoreCardAsync();
        Assert.Equal(Saved("user", User), await RebuiltAsync());
    }

    [Fact]
    public async Task Where_no_card_can_tell_whether_a_transaction_is_a_repeat_nothing_is_rebuilt()
    {
        Play(Transaction("a", 0, 0), Transaction("a", 1, 1_000), Transaction("b", 2, 2_000));
        Assert.Null(await RebuiltAsync());
    }

    [Fact]
    public async Task A_transaction_not_newer_than_the_version_before_may_be_a_repeat_of_what_that_knew()
    {
        Play(Transaction("a", 0, 1_000), Transaction("late", 1, 1_000), Transaction("b", 2, 2_000));
        await StoreCardAsync();
        Assert.Null(await RebuiltAsync());
    }

    [Fact]
    public async Task A_relayed_record_may_be_a_repeat_of_one_that_was_set_aside()
    {
        var relayed = Transaction("b", 2, 2_000) with { Origin = new RecordOrigin("cards", 0, 7) };
        Play(Transaction("a", 0, 0), Transaction("c", 1, 1_000), relayed);
        await StoreCardAsync();
        Assert.Equal(Saved("user", User), await RebuiltAsync());
        Assert.Null(await RebuiltAsync(setAside: 0));
    }

    private static EntityStage Stage() => new(Counts, new DecodeLimits(), new EntityOptions());

    private static InputRecord Transaction(string id, long offset, long afterMillis) => Record(
        offset, id, "u", afterMillis, $$"""{"transactionId":"{{id}}","cardId":"c","userId":"u","amount":10,"eventTime":{{FirstTime + afterMillis}}}""");

    // Applies the records as the shard did; what became of the second is returned.
    private EntityOutcome Play(params InputRecord[] records)
    {
        var outcomes = new List<EntityOutcome>();
        foreach (var record in records)
        {
            fixture.Input.Add(record);
            shard.Decode(record, out var decoded);
            outcomes.Add(shard.Apply(decoded, new double[2]).Outcome);
            before = outcomes.Count == 1 ? Saved("user", User) : before;
        }

        return outcomes[1];
    }

    private async Task StoreCardAsync()
    {
        await fixture.SettledAsync();
        var card = new EntityWrite("card", Card, Saved("card", Card), 0, false);
        Assert.True(await fixture.Store.WriteAsync(new Checkpoint { Partition = 3, Epoch = fixture.Store.Epoch, Offset = 3, Marks = Array.Empty<byte>(), Entities = [card] }, default));
    }

    private byte[] Saved(string kind, byte[] key)
    {
        var state = new ArrayBufferWriter<byte>();
        Assert.True(shard.Engine.TrySaveEntity(kind, key, state));
        return state.WrittenSpan.ToArray();
    }

    private Task<byte[]?> RebuiltAsync(long? setAside = null)
    {
        var notes = new QuarantineNotes();
        notes.Begin(setAside is { } offset ? [new QuarantinedRecord(offset, "")] : []);
        var row = new EntityRow("user", User, 3, "damaged"u8.ToArray(), 1, before);
        return EntityRepair.RebuildAsync(Stage, fixture.Context, 3, row, notes, areOriginsFull: false, default);
    }
}
