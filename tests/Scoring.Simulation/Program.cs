using System.Diagnostics;
using System.Globalization;
using Scoring.Actors.Sink;
using Scoring.Simulation.Runs;

var seeds = 100;
var first = 1;
Guarantee? guarantee = null;
for (var i = 0; i < args.Length; i += 2)
{
    var value = i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out var number) ? number : -1;
    if (args[i] == "--seeds" && value > 0)
        seeds = value;
    else if (args[i] == "--seed" && value >= 0)
        (first, seeds) = (value, 1);
    else if (args[i] == "--guarantee" && i + 1 < args.Length && args[i + 1] is "at_least_once" or "exactly_once" or "both")
        guarantee = args[i + 1] switch { "at_least_once" => Guarantee.AtLeastOnce, "exactly_once" => Guarantee.ExactlyOnce, _ => null };
    else
        return Usage();
}

return SeedRuns.Run(first, seeds, guarantee, Console.Out);

static int Usage()
{
    Console.Error.WriteLine("usage: ./dev sim [--seeds N] [--seed S] [--guarantee at_least_once|exactly_once|both]");
    return 2;
}
