using System.CommandLine;
using Scoring.Host.Commands;

var root = new RootCommand("Scoring: a real-time fraud-scoring service")
{
    ReplayCommand.Create(),
    FeaturesCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
