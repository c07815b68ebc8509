using System.CommandLine;
using Scoring.Producer.Load;
using Scoring.Producer.Simulation;

namespace Scoring.Host.Commands;

/// <summary>The command-line options of a load, which <c>produce</c> and <c>demo</c> share.</summary>
internal sealed class ProduceOptions
{
    /// <summary>Days of event time that a simulated run covers where the number of customers is not given: enough for habits to show.</summary>
    private const double DaysPerRun = 2;

    private const double TransactionsPerCustomerAndDay = 3;
    private const int FewestCustomers = 500;
    private const int MostCustomers = 50_000;

    private readonly double defaultRate;
    private readonly Func<double, double> defaultLingerMs;
    private readonly Option<double?> rate;
    private readonly Option<TimeSpan?> duration;
    private readonly Option<ulong> seed = new("--seed") { Description = "Seed of all chance: the same seed sends the same transactions.", DefaultValueFactory = _ => 1 };
    private readonly Option<int?> customers = new("--customers") { Description = "Customers in the simulation; by default as many as make the run cover about two simulated days." };
    private readonly Option<double> fraudShare = new("--fraud-share") { Description = "Share of simulated transactions that are fraud.", DefaultValueFactory = _ => 0.0075 };
    private readonly Option<double> keySkew = new("--key-skew") { Description = "Zipf exponent of the customers' activity; 0 for a natural one.", DefaultValueFactory = _ => 0 };
    private readonly Option<double> malformed = new("--malformed-share") { Description = "Share of records that are malformed, each kind in turn." };
    private readonly Option<double> duplicates = new("--duplicate-share") { Description = "Share of records that repeat a recent one." };
    private readonly Option<double> late = new("--late-share") { Description = "Share of transactions whose event time is set back, half of them beyond the lateness." };
    private readonly Option<int> oversized = new("--oversized-bytes") { Description = "Size of the malformed records that are too large.", DefaultValueFactory = _ => 70_000 };
    private readonly Option<TimeSpan?> lateness = DurationOption.Create("--lateness", "The lateness that the service allows. [default: 1h]");
    private readonly Option<TimeSpan?> drain = DurationOption.Create("--drain", "How long to wait for what is missing while nothing more arrives. [default: 30s]");
    private readonly Option<double?> linger = new("--linger-ms") { Description = "How long the client gathers a batch; it adds to every latency." };
    private readonly Option<FileInfo?> input = new("--input") { Description = "Play this file (.csv, .jsonl, also .gz) instead of the simulator; without --rate as fast as it goes." };
    private readonly Option<FileInfo?> map = new("--map") { Description = "How the file's columns become transactions (YAML)." };
    private readonly Option<string?> run = new("--run") { Description = "Stands in every simulated transaction's id, so that runs against one log do not repeat ids; by default the time." };

    /// <param name="defaultRate">Records a second where it is not said and no file is played.</param>
    /// <param name="defaultLingerMs">How long the client gathers a batch at a rate where it is not said.</param>
    /// <param name="rateDefault">The rate's default, for the help.</param>
    /// <param name="durationDefault">The duration's default, for the help.</param>
    public ProduceOptions(double defaultRate, Func<double, double> defaultLingerMs, string rateDefault, string durationDefault)
    {
        this.defaultRate = defaultRate;
        this.defaultLingerMs = defaultLingerMs;
        rate = new Option<double?>("--rate") { Description = $"Records a second, sent at times fixed in advance. [default: {rateDefault}]" };
        duration = DurationOption.Create("--for", $"How long to send, such as 20s or 5m. [default: {durationDefault}]");
    }

    /// <summary>Prints one JSON object as the last line, and everything else to the error output.</summary>
    public Option<bool> Json { get; } = new("--json") { Description = "End with one JSON object on the last line; progress goes to the error output." };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { rate, duration, input, map, seed, customers, fraudShare, keySkew, malformed, duplicates, late, lateness, oversized, drain, linger, run, Json })
            command.Options.Add(option);
    }

    /// <summary>The simulation that is asked for, of the given length where the number of customers is not.</summary>
    public SimulatorOptions Simulation(ParseResult parsed, long expectedTransactions) => new()
    {
        Seed = parsed.GetValue(seed),
        Customers = parsed.GetValue(customers)
            ?? (int)Math.Clamp(expectedTransactions / (TransactionsPerCustomerAndDay * DaysPerRun), FewestCustomers, MostCustomers),
        FraudShare = parsed.GetValue(fraudShare),
        KeySkew = parsed.GetValue(keySkew),
    };

    /// <summary>The load that is asked for; the caller says where it goes.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="defaultDuration">How long to send where it is not said and no file is played.</param>
    public LoadOptions Load(ParseResult parsed, TimeSpan? defaultDuration)
    {
        var playsFile = parsed.GetValue(input) is not null;
        var sentRate = parsed.GetValue(rate) ?? (playsFile ? 0 : defaultRate);
        return new LoadOptions
        {
            BootstrapServers = "",
            Rate = sentRate,
            Duration = parsed.GetValue(duration) ?? (playsFile ? null : defaultDuration),
            Seed = parsed.GetValue(seed),
            MalformedShare = parsed.GetValue(malformed),
            DuplicateShare = parsed.GetValue(duplicates),
            LateShare = parsed.GetValue(late),
            Lateness = parsed.GetValue(lateness) ?? TimeSpan.FromHours(1),
            OversizedBytes = parsed.GetValue(oversized),
            DrainTimeout = parsed.GetValue(drain) ?? TimeSpan.FromSeconds(30),
            LingerMs = parsed.GetValue(linger) ?? defaultLingerMs(sentRate),
        };
    }

    public string Run(ParseResult parsed, TimeProvider time) =>
        parsed.GetValue(run) ?? time.GetUtcNow().ToUnixTimeMilliseconds().ToString("x", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The file to play; null for the simulator.</summary>
    /// <exception cref="ArgumentException">There is a file without a map, or a map without a file.</exception>
    public (FileInfo File, FileInfo Map)? Input(ParseResult parsed) => (parsed.GetValue(input), parsed.GetValue(map)) switch
    {
        (null, null) => null,
        ({ } file, { } columns) => (file, columns),
        ({ } file, null) => throw new ArgumentException($"--input {file.Name} needs --map: how its columns become transactions, such as features/simulator.map.yaml"),
        (null, { } columns) => throw new ArgumentException($"--map {columns.Name} needs --input: the file that it is the map of"),
    };
}
