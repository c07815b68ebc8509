using System.Runtime.InteropServices;

namespace Scoring.Actors.Sql;

/// <summary>
/// A thread that works when nothing more urgent does. The runtime's own thread priorities have no effect on Linux, where
/// a thread has a niceness of its own.
/// </summary>
internal static partial class BackgroundThread
{
    // A tenth of what another thread gets where both want the same core.
    private const int Niceness = 10;
    private const int OfOneThread = 0;
    private const int Calling = 0;

    /// <summary>Starts a thread that waits for others where cores are scarce; it still gets a tenth of one.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="run">What it does.</param>
    internal static void Start(string name, Action run) => new Thread(() =>
    {
        // Where the system refuses, the thread works like any other.
        if (OperatingSystem.IsLinux())
            _ = SetPriority(OfOneThread, Calling, Niceness);
        run();
    })
    { Name = name, IsBackground = true }.Start();

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int niceness);
}
