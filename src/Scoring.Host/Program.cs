using System.CommandLine;
using Scoring.Host.Commands;

var root = new RootCommand("Scoring: a real-time fraud-scoring service")
{
    ProduceCommand.Create(),
    ReplayCommand.Create(),
    ModelCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
