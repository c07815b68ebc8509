using System.CommandLine;
using Scoring.Servers;

namespace Scoring.Crash;

/// <summary>The command line of `./dev cluster` and `./dev crash`.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        var root = new RootCommand("Runs a cluster of real processes on this machine")
        {
            ClusterVerb.Create(),
            CrashVerb.Create(),
        };
        try
        {
            return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception e) when (e is ClusterException or PostgresServerException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
#pragma warning disable CA1031 // Without a handler nothing would be stopped and cleaned up.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync(e.ToString());
            return 1;
        }
    }
}
