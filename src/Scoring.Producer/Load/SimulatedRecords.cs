using System.Text;
using Scoring.Producer.Collect;
using Scoring.Producer.Simulation;

namespace Scoring.Producer.Load;

/// <summary>Records of a simulation.</summary>
public sealed class SimulatedRecords : IRecordSource
{
    // A tenth longer than expected, so that the period seldom reaches past the present.
    private const double Slack = 1.1;

    private readonly Simulator simulator;
    private readonly EventClock clock;
    private readonly EventJson json;
    private readonly byte[] prefix;
    private readonly byte[] id = new byte[EventText.MaxBytes];
    private readonly byte[] key = new byte[EventText.MaxBytes];
    private readonly byte[] card = new byte[EventText.MaxBytes];
    private SimulatedEvent current = null!;
    private int idLength;
    private int keyLength;
    private int cardLength;

    /// <summary>Starts a simulation.</summary>
    /// <param name="options">What is simulated; its start is kept only if <paramref name="clock"/> is <see cref="EventClock.Now"/> or nothing is expected.</param>
    /// <param name="clock">Which time the records tell.</param>
    /// <param name="run">Stands in every id, so that runs against one log do not repeat ids; at most 32 characters.</param>
    /// <param name="nowMicros">The present, in microseconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="expectedTransactions">How many transactions the run will have, about: the simulated period of so many ends at the present.</param>
    public SimulatedRecords(SimulatorOptions options, EventClock clock, string run, long nowMicros, long expectedTransactions)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(run);
        if (run.Length > 32 || run.Any(c => !char.IsAsciiLetterOrDigit(c)))
            throw new ArgumentException($"run is '{run}', not at most 32 letters and digits");
        simulator = new Simulator(options);
        if (clock == EventClock.Simulated)
        {
            // The population does not depend on the start, so the second simulation is the first one, shifted.
            var days = expectedTransactions / simulator.TransactionsPerDay * Slack;
            simulator = new Simulator(options with { StartMicros = nowMicros - (long)(days * Habits.DayMicros) });
        }

        this.clock = clock;
        prefix = Encoding.UTF8.GetBytes(EventJson.TransactionPrefix(run));
        json = new EventJson(run);
    }

    /// <summary>What stands before the number in the transactions' ids, in UTF-8.</summary>
    public ReadOnlyMemory<byte> IdPrefix => prefix;

    /// <inheritdoc/>
    public SourceKind Kind { get; private set; }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Key => key.AsSpan(0, keyLength);

    /// <inheritdoc/>
    public TransactionIdentity Identity => new(Key, card.AsSpan(0, cardLength), id.AsSpan(0, idLength));

    /// <inheritdoc/>
    public bool IsFraud => current is SimulatedTransaction { IsFraud: true };

    /// <inheritdoc/>
    public bool IsRefused => false;

    /// <inheritdoc/>
    public string? Problem => null;

    /// <inheritdoc/>
    public bool MoveNext()
    {
        current = simulator.Next();
        Customer customer;
        switch (current)
        {
            case SimulatedTransaction transaction:
                Kind = SourceKind.Transaction;
                customer = transaction.Card.Owner;
                cardLength = Encoding.UTF8.GetBytes(transaction.Card.Id, card);
                break;
            case SimulatedLabel label:
                Kind = SourceKind.Label;
                customer = label.Transaction.Card.Owner;
                break;
            default:
                Kind = SourceKind.Interaction;
                customer = ((SimulatedInteraction)current).Customer;
                break;
        }

        keyLength = Encoding.UTF8.GetBytes(customer.UserId, key);
        prefix.CopyTo(id.AsSpan());
        System.Buffers.Text.Utf8Formatter.TryFormat(current.Number, id.AsSpan(prefix.Length), out var digits);
        idLength = prefix.Length + digits;
        return true;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Write(long nowMicros, long lateByMicros)
    {
        // A simulation that is longer than was expected reaches the present and stays there.
        var time = clock == EventClock.Now ? nowMicros : Math.Min(current.EventTimeMicros, nowMicros);
        return current switch
        {
            SimulatedTransaction transaction => json.Write(transaction, time - lateByMicros),
            SimulatedLabel label => json.Write(label, time),
            _ => json.Write((SimulatedInteraction)current, time),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => json.Dispose();
}
