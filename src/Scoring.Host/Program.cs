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
    internal static Task<int> RunAsync(string[] args) => RunAsync(
        new RootCommand("Scoring: a real-time fraud-scoring service")
        {
            ServeCommand.Create(),
            BootstrapCommand.Create(),
            DemoCommand.Create(static () => new EmbeddedDemoHost()),
            ProduceCommand.Create(),
            BrokerCommand.Create(),
            ReplayCommand.Create(),
            FeaturesCommand.Create(),
            ModelCommand.Create(),
        },
        args,
        Console.Error);

    /// <summary>Runs a command line; whatever a command throws becomes a line and a status.</summary>
    /// <param name="root">The commands.</param>
    /// <param name="args">The command and its options.</param>
    /// <param name="error">The error output.</param>
    /// <returns>The exit status.</returns>
    internal static async Task<int> RunAsync(RootCommand root, string[] args, TextWriter error)
    {
        try
        {
            // What runs long stops by itself when it is asked to; a time limit here would cut a graceful stop short.
            return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception e) when (e is OptionsException or FeatureSetException or BundleException or FileNotFoundException or DirectoryNotFoundException)
        {
            await error.WriteLineAsync(e.Message);
            return WrongInput;
        }
#pragma warning disable CA1031 // Whatever it is, a person gets a line and a script a status.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await UnexpectedFailure.ReportAsync("An unexpected failure", e, args, error);
            return UnexpectedFailure.Status;
        }
    }
}
