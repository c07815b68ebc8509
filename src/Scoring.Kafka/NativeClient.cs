using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Scoring.Kafka;

/// <summary>
/// Makes the managed Kafka client find the librdkafka that was built for this checkout: the registry has
/// no package that carries it. Call <see cref="Load"/> before the first use of Confluent.Kafka.
/// </summary>
public static class NativeClient
{
    private const string FileName = "librdkafka.so.1";

    private static readonly Lazy<nint> Handle = new(Register);

    internal static nint Library => Handle.Value;

    /// <summary>Registers the resolver, once for the process.</summary>
    /// <exception cref="DllNotFoundException">The native library is not beside the program.</exception>
    public static void Load() => _ = Handle.Value;

    private static nint Register()
    {
        var path = Path.Combine(AppContext.BaseDirectory, FileName);
        if (!NativeLibrary.TryLoad(path, out var library))
            throw new DllNotFoundException($"The Kafka client's native library was not found at {path}; `./dev setup` builds it and a build copies it there.");

        nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
            name.StartsWith(Native.Library, StringComparison.Ordinal) ? library
            : name == "libdl" ? NativeLibrary.Load("libdl.so.2")
            : nint.Zero;

        NativeLibrary.SetDllImportResolver(typeof(ConsumerConfig).Assembly, Resolve);
        NativeLibrary.SetDllImportResolver(typeof(NativeClient).Assembly, Resolve);
        return library;
    }
}
