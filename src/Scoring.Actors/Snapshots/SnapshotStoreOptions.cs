using System.Globalization;
using System.Text.RegularExpressions;
using Akka.Configuration;
using Scoring.Actors.Sql;

namespace Scoring.Actors.Snapshots;

/// <summary>What the section of a <see cref="GroupCommitSnapshotStore"/> says, each setting under its name in kebab case.</summary>
internal sealed partial record SnapshotStoreOptions
{
    /// <summary><c>provider</c>: sqlite or postgres.</summary>
    public required SqlProvider Provider { get; init; }

    /// <summary>SQLite's file. Empty keeps it in a temporary folder that goes with the store.</summary>
    public string Path { get; init; } = "";

    /// <summary>How PostgreSQL is reached, as Npgsql writes it.</summary>
    public string ConnectionString { get; init; } = "";

    /// <summary>PostgreSQL's schema. Empty takes the first of the session's search path.</summary>
    public string Schema { get; init; } = "";

    /// <summary>The table of the snapshots.</summary>
    public string Table { get; init; } = "snapshot";

    /// <summary>The table of the fences.</summary>
    public string FenceTable { get; init; } = "scoring_fence";

    /// <summary>Whether tables that are missing are made.</summary>
    public bool AutoInitialize { get; init; } = true;

    /// <summary>The serializer of types that none is bound to, by its name in the configuration; empty takes that of <see cref="object"/>.</summary>
    public string Serializer { get; init; } = "";

    /// <summary>How long a statement, or a wait for a connection, may take.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the first save of a group waits for others. Loads wait for none: whoever asks needs the answer to go on.</summary>
    public TimeSpan GroupWindow { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Rows of a group; one that is full does not wait for its window.</summary>
    public int MaxGroupRows { get; init; } = 1_000;

    /// <summary>Bytes of payload of a group; a larger row is a group of its own.</summary>
    public long MaxGroupBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Rows to save or delete that were accepted and not answered yet; what is beyond is answered with a failure.</summary>
    public int MaxWaitingRows { get; init; } = 100_000;

    /// <summary>The same in bytes of payload.</summary>
    public long MaxWaitingBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>Loads that were accepted and not answered yet.</summary>
    public int MaxWaitingLoads { get; init; } = 100_000;

    /// <summary>Calls for fences that were accepted and not answered yet.</summary>
    public int MaxWaitingFenceCalls { get; init; } = 4_096;

    /// <summary>Rows that one statement deletes.</summary>
    public int MaxDeletedRows { get; init; } = 1_000;

    /// <summary>
    /// How long a group may take, its wait for a connection and its repetitions included: longer than the database takes to say what is
    /// wrong, which SQLite's provider does after whole seconds.
    /// </summary>
    public TimeSpan GroupTimeout => 4 * TimeSpan.FromSeconds(Math.Ceiling(CommandTimeout.TotalSeconds));

    /// <summary>Reads a section.</summary>
    /// <param name="section">The plugin's section.</param>
    /// <exception cref="ConfigurationException">What is wrong in it, all of it.</exception>
    internal static SnapshotStoreOptions Read(Config section)
    {
        var named = Enum.TryParse<SqlProvider>(section.GetString("provider", ""), ignoreCase: true, out var provider);
        var defaults = new SnapshotStoreOptions { Provider = provider };
        var options = defaults with
        {
            Path = section.GetString("path", ""),
            ConnectionString = section.GetString("connection-string", ""),
            Schema = section.GetString("schema", ""),
            Table = section.GetString("table", defaults.Table),
            FenceTable = section.GetString("fence-table", defaults.FenceTable),
            AutoInitialize = section.GetBoolean("auto-initialize", defaults.AutoInitialize),
            Serializer = section.GetString("serializer", ""),
            CommandTimeout = section.GetTimeSpan("command-timeout", defaults.CommandTimeout),
            GroupWindow = section.GetTimeSpan("group-window", defaults.GroupWindow),
            MaxGroupRows = section.GetInt("max-group-rows", defaults.MaxGroupRows),
            MaxGroupBytes = section.GetByteSize("max-group-bytes", defaults.MaxGroupBytes) ?? 0,
            MaxWaitingRows = section.GetInt("max-waiting-rows", defaults.MaxWaitingRows),
            MaxWaitingBytes = section.GetByteSize("max-waiting-bytes", defaults.MaxWaitingBytes) ?? 0,
            MaxWaitingLoads = section.GetInt("max-waiting-loads", defaults.MaxWaitingLoads),
            MaxWaitingFenceCalls = section.GetInt("max-waiting-fence-calls", defaults.MaxWaitingFenceCalls),
            MaxDeletedRows = section.GetInt("max-deleted-rows", defaults.MaxDeletedRows),
        };
        List<string> errors = [.. options.Errors()];
        if (!named)
            errors.Insert(0, "provider must be sqlite or postgres");
        return errors.Count == 0 ? options : throw new ConfigurationException($"The snapshot store's section is wrong: {string.Join("; ", errors)}");
    }

    private IEnumerable<string> Errors()
    {
        if (Provider == SqlProvider.Postgres && ConnectionString.Length == 0)
            yield return "connection-string must say how PostgreSQL is reached";
        if (Provider == SqlProvider.Sqlite && Schema.Length > 0)
            yield return "schema must be empty, since an SQLite file has none";
        // Names go into statements, where they can't be parameters.
        foreach (var (setting, name) in new[] { ("schema", Schema), ("table", Table), ("fence-table", FenceTable) })
        {
            if (!NamePattern().IsMatch(name) && (setting != "schema" || name.Length > 0))
                yield return $"{setting} must be a name of letters, digits and underscores, of 63 at most";
        }

        if (CommandTimeout < TimeSpan.FromMilliseconds(100) || CommandTimeout > TimeSpan.FromMinutes(10))
            yield return "command-timeout must lie between 100ms and 10m";
        if (GroupWindow < TimeSpan.Zero || GroupWindow > TimeSpan.FromSeconds(1))
            yield return "group-window must lie between 0 and 1s";
        foreach (var (setting, value, most) in new (string, long, long)[]
        {
            ("max-group-rows", MaxGroupRows, 50_000), ("max-group-bytes", MaxGroupBytes, 256L << 20), ("max-waiting-rows", MaxWaitingRows, 10_000_000),
            ("max-waiting-bytes", MaxWaitingBytes, 16L << 30), ("max-waiting-loads", MaxWaitingLoads, 10_000_000),
            ("max-waiting-fence-calls", MaxWaitingFenceCalls, 1_000_000), ("max-deleted-rows", MaxDeletedRows, 50_000),
        })
        {
            if (value < 1 || value > most)
                yield return string.Create(CultureInfo.InvariantCulture, $"{setting} must lie between 1 and {most}");
        }
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,62}$")]
    private static partial Regex NamePattern();
}
