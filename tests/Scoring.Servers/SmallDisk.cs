using System.Diagnostics;
using System.Globalization;

namespace Scoring.Servers;

/// <summary>A file system of its own with little room, in memory. Only root may mount one.</summary>
public sealed class SmallDisk : IDisposable
{
    private readonly string ballast;

    private SmallDisk(string folder)
    {
        Folder = folder;
        ballast = Path.Combine(folder, "ballast");
    }

    /// <summary>Why there can be none here; null if there can.</summary>
    public static string? Reason { get; } = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && TryMount() ? null : "a disk of its own, to fill it, takes root and the right to mount";

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>Mounts one.</summary>
    /// <param name="kibibytes">Its size.</param>
    public static SmallDisk Mount(int kibibytes)
    {
        var folder = Directory.CreateTempSubdirectory("scoring-disk-").FullName;
        Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={kibibytes}k,mode=1777"), "scoring-test", folder);
        return new SmallDisk(folder);
    }

    /// <summary>Takes all the room that is left.</summary>
    public void Fill()
    {
        using var file = new FileStream(ballast, FileMode.Append, FileAccess.Write, FileShare.None, 1);
        var block = new byte[1_024];
        try
        {
            while (true)
                file.Write(block);
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives it back.</summary>
    public void Free() => File.Delete(ballast);

    /// <summary>Unmounts it, though files on it may still be open.</summary>
    public void Dispose()
    {
        Run("umount", "--lazy", Folder);
        Directory.Delete(Folder);
    }

    private static bool TryMount()
    {
        try
        {
            Mount(64).Dispose();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {said}");
    }
}
