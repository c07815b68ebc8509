using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Scoring.Benchmarks.State;

/// <summary>The system's cache of files.</summary>
internal static partial class FileCache
{
    private const int DontNeed = 4;

    /// <summary>Writes a file out and drops its pages from the cache.</summary>
    internal static void Forget(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
        _ = Advise(file, 0, 0, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, nint offset, nint length, int advice);
}
