using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Scoring.Servers;

/// <summary>
/// Debian's PgBouncer on 127.0.0.1, in transaction mode before a <see cref="PostgresServer"/>: each transaction of a client gets
/// whatever session of the server is free. As root it runs as the user `postgres`, since it refuses root.
/// </summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private const string Installed = "/usr/sbin/pgbouncer";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly Process process;
    private readonly ProcessLog log;
    private readonly string folder;

    private PgBouncer(Process process, string folder, int port)
    {
        this.process = process;
        this.folder = folder;
        Port = port;
        log = new ProcessLog(process);
    }

    /// <summary>The port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Starts one; returns when it takes connections.</summary>
    /// <param name="server">The server behind it.</param>
    /// <param name="sessions">Sessions of the server that it keeps for a database.</param>
    /// <exception cref="PostgresServerException">PgBouncer is not installed, or did not start.</exception>
    public static async Task<PgBouncer> StartAsync(PostgresServer server, int sessions)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (!File.Exists(Installed))
            throw new PostgresServerException($"PgBouncer was not found as {Installed}; `./dev test` installs Debian's package pgbouncer");
        var folder = Directory.CreateTempSubdirectory("scoring-pgbouncer-").FullName;
        var port = FreePort.Take();
        await File.WriteAllTextAsync(Path.Combine(folder, "users.txt"), "\"scoring\" \"\"\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "pgbouncer.ini"), string.Create(CultureInfo.InvariantCulture, $"""
            [databases]
            * = host=127.0.0.1 port={server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {folder}/users.txt
            pool_mode = transaction
            default_pool_size = {sessions}
            """));
        // Whoever it runs as reads them.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        string[] command = [Installed, Path.Combine(folder, "pgbouncer.ini")];
        var start = new ProcessStartInfo("setsid", Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", .. command] : command)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var bouncer = new PgBouncer(Process.Start(start)!, folder, port);
        await bouncer.AwaitAsync();
        return bouncer;
    }

    /// <summary>How a database is reached by way of it.</summary>
    /// <param name="database">Its name.</param>
    public string ConnectionStringOf(string database) => $"Host=127.0.0.1;Port={Port};Username=scoring;Database={database}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task AwaitAsync()
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await AnswersAsync())
        {
            if (process.HasExited || TimeProvider.System.GetElapsedTime(started) > StartLimit)
                throw new PostgresServerException($"PgBouncer did not answer; it said:\n{log.Text}");
            await Task.Delay(Poll, TimeProvider.System);
        }
    }

    private async Task<bool> AnswersAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
