using System.Text;
using Akka.Actor;
using Scoring.Actors.Cardholders;
using Scoring.Actors.Messages;

namespace Scoring.Actors.Partitions;

/// <summary>How an owner answers what is asked of its cardholders.</summary>
public sealed partial class OwnerActor
{
    private readonly HashSet<Reading> readings = [];
    private long expired;

    private void Read(ReadCard read, IActorRef asker)
    {
        if (state != OwnerState.Live || failed is not null || readings.Count >= context.Options.MaxWaitingQueries)
        {
            asker.Tell(new CardRead(null));
            return;
        }

        var reading = new Reading(asker, read.UserIds.Count);
        if (read.UserIds.Count == 0)
        {
            asker.Tell(new CardRead([]));
            return;
        }

        readings.Add(reading);
        var card = Encoding.UTF8.GetBytes(read.CardId);
        foreach (var user in read.UserIds)
        {
            var slot = directory.Of(Encoding.UTF8.GetBytes(user));
            slot.IsVisitor |= slot.Actor is null;
            var actor = ActorOf(slot);
            slot.Outstanding++;
            actor.Tell(new ReadCardholder(card, marks.Time.ExpiryMicros, new Asked(reading, slot)), Self);
        }
    }

    private void CardholderAnswered(CardholderRead read)
    {
        var (reading, slot) = (Asked)read.Asked;
        slot.Outstanding--;
        // A question must not fill the memory with whom nobody pays for.
        if (slot.IsVisitor && slot.IsIdle)
            Leave(slot);
        if (read.Features is { } features)
            reading.Entries.Add(new CardEntry(Encoding.UTF8.GetString(read.Key), read.AsOfMicros, features));
        if (--reading.Left > 0 || !readings.Remove(reading))
            return;
        reading.Asker.Tell(new CardRead(reading.Entries));
    }

    private IReadOnlyList<Models.Features.EntityStatistics> Statistics() =>
        [new("cardholder", directory.InMemory, directory.Events, directory.Bytes, expired, cardholders.EventsDropped)];

    private void RefuseReaders()
    {
        foreach (var reading in readings)
            reading.Asker.Tell(new CardRead(null));
        readings.Clear();
    }

    private sealed record Asked(Reading Reading, CardholderSlot Slot);

    private sealed class Reading(IActorRef asker, int left)
    {
        internal IActorRef Asker => asker;

        internal int Left { get; set; } = left;

        internal List<CardEntry> Entries { get; } = [];
    }
}
