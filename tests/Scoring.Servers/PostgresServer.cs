using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Scoring.Servers;

/// <summary>How a <see cref="PostgresServer"/> is started.</summary>
public sealed record PostgresServerOptions
{
    /// <summary>The folder of its data, which is created where it is missing; null makes a temporary one that goes with the server.</summary>
    public string? Folder { get; init; }

    /// <summary>The port; null takes a free one.</summary>
    public int? Port { get; init; }

    /// <summary>Whether it writes through to the disk as in production. Tests of processes that die need not.</summary>
    public bool IsDurable { get; init; }

    /// <summary>Whether the server leaves the cores to other processes: its place may be on another machine, but here it is beside what is measured.</summary>
    public bool IsBackground { get; init; }

    /// <summary>Further settings, by PostgreSQL's names.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// Debian's PostgreSQL on 127.0.0.1, with a cluster of its own. As root it runs as the user `postgres`, since the server
/// refuses root. It can be stopped, killed, paused and started again on the same port and data.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Installed = "/usr/lib/postgresql";
    private const string User = "scoring";
    private const int StartAttempts = 3;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly PostgresServerOptions options;
    private readonly string binaries;
    private readonly string folder;
    private readonly TimeProvider time;
    private Process? process;

    private PostgresServer(PostgresServerOptions options, string binaries, string folder, TimeProvider time)
    {
        this.options = options;
        this.binaries = binaries;
        this.folder = folder;
        this.time = time;
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>How the database `postgres` is reached, by its superuser.</summary>
    public string ConnectionString => ConnectionStringOf("postgres");

    /// <summary>The postmaster's process id, while it runs.</summary>
    public int ProcessId => process is { HasExited: false } running ? running.Id : throw new InvalidOperationException("the server does not run");

    /// <summary>Makes a cluster and starts its server; returns when it answers.</summary>
    /// <param name="options">How; null takes the defaults.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="PostgresServerException">PostgreSQL is not installed, or did not start.</exception>
    public static async Task<PostgresServer> StartAsync(PostgresServerOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new PostgresServerOptions();
        var server = new PostgresServer(options, Binaries(), options.Folder ?? Directory.CreateTempSubdirectory("scoring-postgres-").FullName, TimeProvider.System);
        try
        {
            await server.CreateClusterAsync(cancellation);
            await server.StartServerAsync(cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>How a database is reached.</summary>
    /// <param name="database">Its name.</param>
    public string ConnectionStringOf(string database) => $"Host=127.0.0.1;Port={Port};Username={User};Database={database}";

    /// <summary>Makes an empty database.</summary>
    /// <param name="name">Its name: letters, digits and underscores.</param>
    /// <returns>How it is reached.</returns>
    public async Task<string> CreateDatabaseAsync(string name)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString + ";Pooling=false");
#pragma warning disable CA2100 // A name can't be a parameter; it is quoted.
        await using var create = source.CreateCommand($"CREATE DATABASE \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
#pragma warning restore CA2100
        await create.ExecuteNonQueryAsync();
        return ConnectionStringOf(name);
    }

    /// <summary>Makes a database whose tables lie elsewhere than the rest of the server's data.</summary>
    /// <param name="name">Its name: letters, digits and underscores.</param>
    /// <param name="place">An empty folder for its tables.</param>
    /// <returns>How it is reached.</returns>
    public async Task<string> CreateDatabaseAsync(string name, string place)
    {
        if (Environment.IsPrivilegedProcess)
            await RunToEndAsync("chown", ["postgres:", place], CancellationToken.None);
        var database = await CreateDatabaseAsync(name);
        await using var source = NpgsqlDataSource.Create(ConnectionString + ";Pooling=false");
#pragma warning disable CA2100 // Neither can be a parameter; both are the caller's own.
        await using var space = source.CreateCommand($"CREATE TABLESPACE {name} LOCATION '{place}'");
        await using var use = source.CreateCommand($"ALTER DATABASE {name} SET default_tablespace = '{name}'");
#pragma warning restore CA2100
        await space.ExecuteNonQueryAsync();
        await use.ExecuteNonQueryAsync();
        return database;
    }

    /// <summary>Stops it as an administrator does who waits for nobody: sessions end, what was committed is written out.</summary>
    public Task StopFastAsync() => EndAsync(Signal.Interrupt);

    /// <summary>Stops it without writing anything out; the next start recovers from its log.</summary>
    public Task StopImmediateAsync() => EndAsync(Signal.Quit);

    /// <summary>Kills the server and each of its sessions.</summary>
    public async Task KillAsync()
    {
        // The postmaster would otherwise see a session's death as a crash and start anew.
        var sessions = Signal.ChildrenOf(ProcessId);
        Signal.Send(ProcessId, Signal.Stop);
        foreach (var session in sessions)
            Signal.Send(session, Signal.Kill);
        await EndAsync(Signal.Kill);
    }

    /// <summary>Starts it again, on the same port and data; returns when it answers.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="PostgresServerException">It did not start.</exception>
    public async Task RestartAsync(CancellationToken cancellation = default)
    {
        if (process is { HasExited: false })
            await StopFastAsync();
        await RunAsync(Port, cancellation);
    }

    /// <summary>Stops the clock of the server and of its sessions: connections stay, nothing answers.</summary>
    public void Pause() => Each(Signal.Stop);

    /// <summary>Goes on after <see cref="Pause"/>.</summary>
    public void Continue() => Each(Signal.Continue);

    /// <summary>Stops the server, and removes its data if the folder was a temporary one.</summary>
    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            Continue();
            await StopImmediateAsync();
        }

        process?.Dispose();
        if (options.Folder is null && Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static string Binaries()
    {
        var versions = Directory.Exists(Installed) ? Directory.GetDirectories(Installed) : [];
        var newest = versions.Where(v => File.Exists(Path.Combine(v, "bin", "postgres"))).MaxBy(v => int.TryParse(Path.GetFileName(v), out var number) ? number : 0)
            ?? throw new PostgresServerException($"PostgreSQL was not found in {Installed}/*/bin; `./dev setup` installs Debian's package postgresql");
        return Path.Combine(newest, "bin");
    }

    private async Task CreateClusterAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        if (File.Exists(Path.Combine(folder, "data", "PG_VERSION")))
            return;
        if (Environment.IsPrivilegedProcess)
            await RunToEndAsync("chown", ["postgres:", folder], cancellation);
        await RunToEndAsync(
            AsServerUser(Path.Combine(binaries, "initdb"), "-D", Path.Combine(folder, "data"), "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            cancellation);
    }

    private async Task StartServerAsync(CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await RunAsync(options.Port ?? FreePort.Take(), cancellation);
                return;
            }
            catch (PostgresServerException) when (options.Port is null && attempt < StartAttempts)
            {
                // Another process took the port between the choice and the start.
            }
        }
    }

    private async Task RunAsync(int port, CancellationToken cancellation)
    {
        Port = port;
        List<string> arguments = ["-D", Path.Combine(folder, "data"), "-k", folder, "-h", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture)];
        if (!options.IsDurable)
            arguments.AddRange(["-c", "fsync=off", "-c", "full_page_writes=off"]);
        foreach (var (name, value) in options.Settings)
            arguments.AddRange(["-c", $"{name}={value}"]);
        process?.Dispose();
        // More than there is: the lowest priority, whatever this process has.
        process = Process.Start(Redirected(options.IsBackground
            ? AsServerUser("nice", ["-n", "40", Path.Combine(binaries, "postgres"), .. arguments])
            : AsServerUser(Path.Combine(binaries, "postgres"), [.. arguments])))!;
        var log = new ProcessLog(process);
        var started = time.GetTimestamp();
        while (!await AnswersAsync(cancellation))
        {
            if (process.HasExited)
                throw new PostgresServerException($"PostgreSQL ended with status {process.ExitCode} at its start; it said:\n{log.Text}");
            if (time.GetElapsedTime(started) > StartLimit)
                throw new PostgresServerException($"PostgreSQL did not answer within {StartLimit}; it said:\n{log.Text}");
            await Task.Delay(Poll, time, cancellation);
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
            await connection.OpenAsync(cancellation);
            return process is { HasExited: false };
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private async Task EndAsync(int signal)
    {
        Signal.Send(ProcessId, signal);
        await process!.WaitForExitAsync();
    }

    private void Each(int signal)
    {
        var postmaster = ProcessId;
        if (signal == Signal.Stop)
            Signal.Send(postmaster, signal);
        foreach (var session in Signal.ChildrenOf(postmaster))
            Signal.Send(session, signal);
        Signal.Send(postmaster, signal);
    }

    // In a session of its own: Ctrl+C at a terminal goes to the whole session, and would end the server before its clients.
    private static ProcessStartInfo AsServerUser(string program, params string[] arguments) => Environment.IsPrivilegedProcess
        ? new ProcessStartInfo("setsid", ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--reset-env", program, .. arguments])
        : new ProcessStartInfo("setsid", [program, .. arguments]);

    private static Task RunToEndAsync(string program, string[] arguments, CancellationToken cancellation) =>
        RunToEndAsync(new ProcessStartInfo(program, arguments), cancellation);

    private static async Task RunToEndAsync(ProcessStartInfo start, CancellationToken cancellation)
    {
        using var process = Process.Start(Redirected(start))!;
        var log = new ProcessLog(process);
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0)
            throw new PostgresServerException($"{start.FileName} {string.Join(' ', start.ArgumentList)} ended with status {process.ExitCode}; it said:\n{log.Text}");
    }

    private static ProcessStartInfo Redirected(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        // The server's user need not be able to enter the caller's folder.
        start.WorkingDirectory = "/";
        return start;
    }
}
