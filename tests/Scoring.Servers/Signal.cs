using System.Globalization;
using System.Runtime.InteropServices;

namespace Scoring.Servers;

/// <summary>Signals to processes, as <c>kill</c> sends them.</summary>
public static partial class Signal
{
    /// <summary>SIGINT.</summary>
    public const int Interrupt = 2;

    /// <summary>SIGQUIT.</summary>
    public const int Quit = 3;

    /// <summary>SIGKILL.</summary>
    public const int Kill = 9;

    /// <summary>SIGTERM.</summary>
    public const int Terminate = 15;

    /// <summary>SIGCONT.</summary>
    public const int Continue = 18;

    /// <summary>SIGSTOP.</summary>
    public const int Stop = 19;

    /// <summary>Sends a signal.</summary>
    /// <param name="process">The process's id.</param>
    /// <param name="signal">The signal's number.</param>
    /// <returns>Whether there was such a process.</returns>
    public static bool Send(int process, int signal) => SendTo(process, signal) == 0;

    /// <summary>The processes that a process has started and that are there.</summary>
    /// <param name="process">The process's id.</param>
    public static IReadOnlyList<int> ChildrenOf(int process)
    {
        var children = new List<int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && ParentOf(id) == process)
                children.Add(id);
        }

        return children;
    }

    // The name in parentheses may hold spaces; the state and the parent's id stand behind it.
    private static int? ParentOf(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(text[(text.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has ended.
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendTo(int process, int signal);
}
