using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Scoring.Kafka;

/// <summary>
/// The librdkafka that the managed client runs on. Its package carries a variant for each C library and set of
/// dependencies, and the client takes the first that loads. A second variant in the process would be another library with
/// types and threads of its own, so what <see cref="Native"/> declares is called in the one that the client took.
/// </summary>
internal static class ClientLibrary
{
    private const string Name = "librdkafka";

    /// <summary>Lets <see cref="Native"/> call into the client's library.</summary>
    /// <exception cref="DllNotFoundException">The client found no variant that this system can load.</exception>
    internal static void Bind() => NativeLibrary.SetDllImportResolver(typeof(ClientLibrary).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
        name == Native.Library ? NativeLibrary.Load(Loaded()) : nint.Zero;

    // The client loads its library on first use and does not tell which file it was: the process's modules do.
    private static string Loaded()
    {
        _ = Library.Version;
        using var process = Process.GetCurrentProcess();
        foreach (ProcessModule module in process.Modules)
        {
            if (Path.GetFileName(module.FileName).Contains(Name, StringComparison.Ordinal))
                return module.FileName;
        }

        throw new DllNotFoundException($"The Kafka client is loaded, but no module of this process is named {Name}; the embedded broker needs the one that the package librdkafka.redist carries.");
    }
}
