using System.CommandLine;

namespace Scoring.Host.Commands;

/// <summary><c>scoring serve</c>: runs a node until it is asked to stop.</summary>
internal static class ServeCommand
{
    internal static Command Create()
    {
        var settings = new Argument<string[]>("setting") { Description = "Overrides of appsettings.json, as --Scoring:Http:Urls=http://0.0.0.0:8080; the environment's form is Scoring__Http__Urls", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("serve", "Scores the transactions of a Kafka topic until it is asked to stop") { settings };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var host = ScoringHost.Create([.. parsed.GetValue(settings) ?? [], .. parsed.UnmatchedTokens]);
            await host.StartAsync(cancellation);
            return await host.RunAsync();
        });
        return command;
    }
}
