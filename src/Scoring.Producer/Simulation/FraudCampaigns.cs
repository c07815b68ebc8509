namespace Scoring.Producer.Simulation;

/// <summary>
/// Starts fraud of each pattern so often that the shares come out: after a campaign of n transactions the
/// next waits for about n / share of the customers' own. So the share holds for any population and any run longer
/// than a few campaigns.
/// </summary>
internal sealed class FraudCampaigns
{
    private readonly Campaign[] campaigns;
    private long legitimate;

    public FraudCampaigns(double fraudShare, SeededRandom random)
    {
        var odds = fraudShare / (1 - fraudShare);
        campaigns = fraudShare == 0 ? [] :
        [
            new(new CardTesting(), 0.30 * odds, random),
            new(new StolenCard(), 0.25 * odds, random),
            new(new CompromisedTerminal(), 0.25 * odds, random),
            new(new AccountTakeover(), 0.20 * odds, random),
        ];
    }

    /// <summary>Takes note of a customer's own transaction, and starts what it is time for.</summary>
    public void Observe(SimulatedTransaction transaction, Agenda agenda)
    {
        if (transaction.DeviceId is null)
            agenda.Remember(transaction);
        legitimate++;
        foreach (var campaign in campaigns)
            campaign.StartIfDue(legitimate, transaction.EventTimeMicros, agenda);
    }

    private sealed class Campaign(IFraudPattern pattern, double odds, SeededRandom random)
    {
        // The first is due within the first period, so a short run sees the common patterns too.
        private double dueAt = random.NextDouble() * pattern.TypicalTransactions / odds;

        public void StartIfDue(long legitimate, long now, Agenda agenda)
        {
            if (legitimate < dueAt)
                return;
            // Until it is known how much a campaign steals it counts as a typical one, so slow ones overlap. One
            // that found no victim waits a little before it tries again.
            var period = random.Between(0.6, 1.4) / odds;
            var typical = pattern.TypicalTransactions;
            dueAt = legitimate + (typical * period);
            pattern.Start(now, agenda, planned => dueAt += (Math.Max(planned, 0.05 * typical) - typical) * period);
        }
    }
}

/// <summary>A way of stealing.</summary>
internal interface IFraudPattern
{
    /// <summary>About how many transactions a campaign has.</summary>
    int TypicalTransactions { get; }

    /// <summary>Plans a campaign.</summary>
    /// <param name="now">The simulation's time, in microseconds.</param>
    /// <param name="agenda">Where to plan it.</param>
    /// <param name="done">Called once, now or later, with the number of transactions planned.</param>
    void Start(long now, Agenda agenda, Action<int> done);
}
