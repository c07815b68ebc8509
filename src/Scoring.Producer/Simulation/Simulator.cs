namespace Scoring.Producer.Simulation;

/// <summary>
/// A seeded, endless simulation of card payments: customers with their own country, level and rhythm of
/// spending, and thieves of four kinds among them. Events come in order of time, the labels of fraud hours
/// to days after it, and the same options give the same events. Owned by one thread.
/// </summary>
public sealed class Simulator
{
    private readonly SeededRandom random;
    private readonly Agenda agenda;
    private readonly FraudCampaigns fraud;
    private long transactions;
    private long interactions;
    private long labels;

    /// <summary>Draws the population and its first plans.</summary>
    /// <param name="options">What the simulation is made of.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Simulator(SimulatorOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        random = new SeededRandom(options.Seed);
        Population = new Population(options, random);
        agenda = new Agenda(Population, random);
        fraud = new FraudCampaigns(options.FraudShare, random);
        TransactionsPerDay = Population.Customers.Sum(Habits.TransactionsPerDay) / (1 - options.FraudShare);
        foreach (var customer in Population.Customers)
        {
            var life = new CustomerLife(customer);
            agenda.Wake(life, life.NextOuting(options.StartMicros, random));
        }
    }

    /// <summary>Who and what is simulated.</summary>
    public Population Population { get; }

    /// <summary>How many transactions a simulated day has, about.</summary>
    public double TransactionsPerDay { get; }

    /// <summary>The next event; its time is not before that of the last one.</summary>
    public SimulatedEvent Next()
    {
        while (true)
        {
            var next = agenda.Next(out var now);
            if (next is IActor actor)
            {
                actor.Act(now, agenda);
                continue;
            }

            var happening = (SimulatedEvent)next;
            Emit(happening);
            return happening;
        }
    }

    private void Emit(SimulatedEvent happening)
    {
        switch (happening)
        {
            case SimulatedTransaction transaction:
                transaction.Number = transactions++;
                CompromisedTerminal.Read(transaction);
                if (transaction.IsFraud)
                    agenda.Plan(new SimulatedLabel(transaction), transaction.EventTimeMicros + ReportDelay());
                else
                    fraud.Observe(transaction, agenda);
                break;
            case SimulatedInteraction:
                happening.Number = interactions++;
                break;
            default:
                happening.Number = labels++;
                break;
        }
    }

    // Most victims see the statement within two days; nobody in two hours; all within three weeks.
    private long ReportDelay() =>
        Math.Clamp((long)random.LogNormal(36 * Habits.HourMicros, 0.9), 2 * Habits.HourMicros, 21 * Habits.DayMicros);
}
