using System.CommandLine;
using Scoring.Host.Commands;
using Scoring.Host.Options;
using Scoring.Models.Features;
using Scoring.Models.Inference;

namespace Scoring.Host;

/// <summary>The command line.</summary>
internal static class Program
{
    private const int WrongInput = 2;

    private static Task<int> Main(string[] args) => RunAsync(args);

    /// <summary>Runs a command line.</summary>
    /// <param name="args">The command and its options.</param>
    /// <returns>The exit status.</returns>
    internal static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Scoring: a real-time fraud-scoring service")
        {
            ServeCommand.Create(),
            BootstrapCommand.Create(),
            DemoCommand.Create(static () => new EmbeddedDemoHost()),
            ProduceCommand.Create(),
            BrokerCommand.Create(),
            ReplayCommand.Create(),
            FeaturesCommand.Create(),
            ModelCommand.Create(),
        };
        try
        {
            // What runs long stops by itself when it is asked to; a time limit here would cut a graceful stop short.
            return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception e) when (e is OptionsException or FeatureSetException or BundleException or FileNotFoundException or DirectoryNotFoundException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return WrongInput;
        }
    }
}
