namespace Scoring.Producer.Simulation;

/// <summary>
/// A customer's own doings: outings by rhythm, to the same few shops mostly, from known devices mostly. It
/// also does what thieves do, now and then: travels, buys in bursts, changes the phone, mistypes passwords.
/// </summary>
internal sealed class CustomerLife(Customer customer) : IActor
{
    private const double DaysBetweenTrips = 55;
    private const double TrainShare = 0.25;
    private const double NewDeviceShare = 0.008;

    public void Act(long nowMicros, Agenda agenda)
    {
        if (IsOnTheWay(nowMicros))
        {
            agenda.Wake(this, NextOuting(nowMicros, agenda.Random));
            return;
        }

        GoOut(nowMicros, agenda);
        if (nowMicros >= customer.TripEnd && agenda.Random.Chance(1 / (DaysBetweenTrips * customer.OutingsPerDay)))
            Depart(nowMicros, agenda.Random);
        agenda.Wake(this, NextOuting(nowMicros, agenda.Random));
    }

    /// <summary>
    /// When the customer goes out next: a Poisson process whose rate follows the rhythm, drawn by thinning
    /// (Lewis and Shedler, 1979).
    /// </summary>
    public long NextOuting(long nowMicros, SeededRandom random)
    {
        var meanGap = Habits.DayMicros / (customer.OutingsPerDay * customer.Rhythm.Peak);
        for (var time = nowMicros; ;)
        {
            time += 1_000 + (long)random.Exponential(meanGap);
            if (random.NextDouble() * customer.Rhythm.Peak < customer.Rhythm.RateAt(time, Where(time).UtcOffset))
                return time;
        }
    }

    private bool IsOnTheWay(long now) =>
        customer.TripCountry is { } away && now < customer.TripEnd
        && (now < customer.TripStart || now > customer.TripEnd - (long)(away.FlightHours * Habits.HourMicros));

    private Country Where(long now) =>
        customer.TripCountry is { } away && now >= customer.TripStart && now < customer.TripEnd ? away : customer.Home;

    private void Depart(long now, SeededRandom random)
    {
        Country destination;
        do
            destination = random.Pick(Country.All);
        while (destination == customer.Home);
        // A neighbouring country by train is near enough to look like an impossible journey.
        var hours = random.Chance(TrainShare) ? random.Between(0.9, 2.5) : destination.FlightHours + random.Between(2.0, 6.0);
        customer.TripCountry = destination;
        customer.TripStart = now + (long)(hours * Habits.HourMicros);
        customer.TripEnd = customer.TripStart + (long)(random.Between(1.5, 9.0) * Habits.DayMicros);
    }

    private void GoOut(long now, Agenda agenda)
    {
        var random = agenda.Random;
        if (customer.Gamer && random.Chance(Habits.BurstShare))
            BuyInBurst(now, agenda);
        else if (random.Chance(customer.OnlineShare))
            BuyOnline(now, agenda);
        else
            GoShopping(now, agenda);
    }

    private void GoShopping(long now, Agenda agenda)
    {
        var random = agenda.Random;
        var country = Where(now);
        if (country == customer.Home && customer.SecondCountry is { } second && random.Chance(0.15))
            country = second;
        // 1.4 purchases on average, see Habits.PurchasesPerShopping.
        var purchases = random.Chance(0.75) ? 1 : random.Chance(0.6) ? 2 : random.Between(3, 4);
        for (var time = now; purchases > 0; purchases--, time += Habits.Minutes(3, 28, random))
        {
            var known = country == customer.Home && random.Chance(0.7);
            var merchant = known ? random.Pick(customer.Favourites) : agenda.Population.PickShop(country, random);
            Purchase(merchant, Habits.Cents(merchant, Generosity(random), random), null, 0, time, agenda);
        }
    }

    private void BuyOnline(long now, Agenda agenda)
    {
        var random = agenda.Random;
        var merchant = random.Chance(0.65) ? random.Pick(customer.OnlineFavourites) : agenda.Population.PickOnline(random);
        var device = random.Chance(NewDeviceShare) ? ReplaceDevice(now, agenda) : PickDevice(random);
        var address = Address(now, random);
        var time = random.Chance(0.6) ? LogIn(device, address, now, agenda) : now;
        Purchase(merchant, Habits.Cents(merchant, Generosity(random), random), device, address, time, agenda);
    }

    private void BuyInBurst(long now, Agenda agenda)
    {
        var random = agenda.Random;
        var device = PickDevice(random);
        var address = Address(now, random);
        var merchant = agenda.Population.PickOnline(MerchantCategory.Digital, random);
        var time = now;
        for (var left = random.Between(Habits.BurstLeast, Habits.BurstMost); left > 0; left--)
        {
            Purchase(merchant, Habits.ToCents(random.LogNormal(3, 0.6)), device, address, time, agenda);
            time += Habits.Minutes(0.4, 4, random);
        }

        if (!random.Chance(0.15))
            return;
        var big = agenda.Population.PickOnline(MerchantCategory.Electronics, random);
        Purchase(big, Habits.Cents(big, customer.SpendingLevel, random), device, address, time, agenda);
    }

    private long LogIn(string device, uint address, long now, Agenda agenda)
    {
        var random = agenda.Random;
        var time = now;
        for (var failures = random.Chance(0.05) ? random.Between(1, 3) : 0; failures > 0; failures--)
        {
            agenda.Plan(new SimulatedInteraction(customer, "login", "failure", device, address), time);
            time += Habits.Minutes(0.1, 0.7, random);
        }

        agenda.Plan(new SimulatedInteraction(customer, "login", "success", device, address), time);
        return time + Habits.Minutes(0.5, 8, random);
    }

    private string ReplaceDevice(long now, Agenda agenda)
    {
        var device = Habits.NewDevice(agenda.Random);
        customer.Devices[agenda.Random.Next(customer.Devices.Length)] = device;
        agenda.Plan(new SimulatedInteraction(customer, "device_add", "success", device, customer.HomeAddress), now);
        return device;
    }

    private void Purchase(Merchant merchant, long cents, string? device, uint address, long time, Agenda agenda)
    {
        var random = agenda.Random;
        var card = random.Chance(0.7) ? customer.Cards[0] : random.Pick(customer.Cards);
        var terminal = merchant.Terminals[random.Next(merchant.Terminals.Length)];
        agenda.Plan(new SimulatedTransaction(card, terminal) { Cents = cents, DeviceId = device, Address = address }, time);
    }

    // Once in a while something dear: a thief's purchases are not the only large ones.
    private double Generosity(SeededRandom random) =>
        customer.SpendingLevel * (random.Chance(0.006) ? random.Between(4.0, 14.0) : 1);

    private string PickDevice(SeededRandom random) =>
        random.Chance(0.01) ? Habits.NewDevice(random) : random.Chance(0.75) ? customer.Devices[0] : random.Pick(customer.Devices);

    private uint Address(long now, SeededRandom random)
    {
        var country = Where(now);
        return country == customer.Home && random.Chance(0.72) ? customer.HomeAddress : Habits.AddressIn(country, random);
    }
}
