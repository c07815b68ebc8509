using System.Runtime.InteropServices;
using SQLitePCL;

namespace Scoring.Actors.Sql;

/// <summary>
/// Makes the SQLite provider use the system's library: it is patched with the system, and newer than the
/// one that the provider's own package bundles.
/// </summary>
internal static class NativeSqlite
{
    private static readonly string[] Candidates = ["libsqlite3.so.0", "libsqlite3.so", "libsqlite3.dylib", "sqlite3"];

    private static readonly Lazy<bool> Loaded = new(Register);

    internal static void Load() => _ = Loaded.Value;

    private static bool Register()
    {
        NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, (name, _, _) => name == "e_sqlite3" ? Open() : nint.Zero);
        raw.SetProvider(new SQLite3Provider_e_sqlite3());
        return true;
    }

    private static nint Open()
    {
        foreach (var candidate in Candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out var library))
                return library;
        }

        throw new DllNotFoundException($"SQLite was not found as {string.Join(", ", Candidates)}; install the package libsqlite3-0");
    }
}
