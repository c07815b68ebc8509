using System.Diagnostics;
using System.Globalization;
using Scoring.Simulation.Runs;

var seeds = 100;
var first = 1;
for (var i = 0; i < args.Length; i += 2)
{
    var value = i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out var number) ? number : -1;
    if (args[i] == "--seeds" && value > 0)
        seeds = value;
    else if (args[i] == "--seed" && value >= 0)
        (first, seeds) = (value, 1);
    else
        return Usage();
}

return SeedRuns.Run(first, seeds, Console.Out);

static int Usage()
{
    Console.Error.WriteLine("usage: ./dev sim [--seeds N] [--seed S]");
    return 2;
}
