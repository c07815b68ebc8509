using System.Globalization;
using Scoring.Actors.Sink;
using Scoring.Simulation.Mutations;
using Scoring.Simulation.Runs;

const int MutationSeeds = 1_500;

int? seeds = null;
int? seed = null;
var mutations = false;
string? only = null;
Guarantee? guarantee = null;
for (var i = 0; i < args.Length; i++)
{
    if (args[i] == "--mutations")
        mutations = true;
    else if (args[i] == "--only" && i + 1 < args.Length)
        only = args[++i];
    else if (args[i] == "--seeds" && i + 1 < args.Length && int.TryParse(args[++i], CultureInfo.InvariantCulture, out var count) && count > 0)
        seeds = count;
    else if (args[i] == "--seed" && i + 1 < args.Length && int.TryParse(args[++i], CultureInfo.InvariantCulture, out var number) && number >= 0)
        seed = number;
    else if (args[i] == "--guarantee" && i + 1 < args.Length && args[++i] is "at_least_once" or "exactly_once" or "both")
        guarantee = args[i] switch { "at_least_once" => Guarantee.AtLeastOnce, "exactly_once" => Guarantee.ExactlyOnce, _ => null };
    else
        return Usage();
}

if (!mutations)
    return seed is { } one ? SeedRuns.Run(one, 1, guarantee, Console.Out) : SeedRuns.Run(1, seeds ?? 100, guarantee, Console.Out);
var root = Root(AppContext.BaseDirectory);
var chosen = Mutation.ReadAll(root).Where(m => only is null || m.Name == only).ToList();
return chosen.Count > 0 && new MutationRun(root, Console.Out).Run(chosen, seeds ?? MutationSeeds) == 0 ? 0 : 1;

static string Root(string folder) => File.Exists(Path.Combine(folder, "Scoring.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);

static int Usage()
{
    Console.Error.WriteLine("usage: ./dev sim [--seeds N] [--seed S] [--guarantee at_least_once|exactly_once|both] | ./dev sim --mutations [--only NAME] [--seeds N]");
    return 2;
}
