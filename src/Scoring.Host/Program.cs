using System.CommandLine;

var root = new RootCommand("Scoring: a real-time fraud-scoring service");
return await root.Parse(args).InvokeAsync();
