using System.Net;
using System.Net.Sockets;

namespace Scoring.Crash;

/// <summary>
/// Stands between a node and PostgreSQL, and holds one checkpoint back when it is told to, as a slow network may: a node
/// that is stopped then has a write under way that arrives after another node has taken its shard over.
/// </summary>
internal sealed class WriteGate : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private static readonly byte[] Checkpoint = "FROM pg_temp.scoring_incoming"u8.ToArray();

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly int serverPort;
    private volatile Hold? armed;

    public WriteGate(int serverPort)
    {
        this.serverPort = serverPort;
        listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>The port that the node connects to.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Holds the node's next checkpoint back.</summary>
    public Hold HoldNext() => armed = new Hold();

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient { NoDelay = true })
        {
            try
            {
                client.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, serverPort);
                var connection = new Connection();
                await Task.WhenAny(PassRequestsAsync(client.GetStream(), server.GetStream(), connection), PassAnswersAsync(server.GetStream(), client.GetStream(), connection));
            }
            catch (SocketException)
            {
                // The server is away: the node sees its connection end.
            }
        }
    }

    private async Task PassRequestsAsync(NetworkStream from, NetworkStream to, Connection connection)
    {
        await PassAsync(from, to, async read =>
        {
            if (armed is { } hold && read.Span.IndexOf(Checkpoint) >= 0 && Interlocked.CompareExchange(ref armed, null, hold) == hold)
            {
                await hold.WaitAsync();
                connection.Held = hold;
            }
        });
        // The server ends a session that stands still in a transaction; what comes after that is refused too.
        connection.Held?.Closed();
    }

    private static Task PassAnswersAsync(NetworkStream from, NetworkStream to, Connection connection) => PassAsync(from, to, read =>
    {
        if (connection.Held is { } hold)
            hold.Answer(read.Span);
        return Task.CompletedTask;
    });

    private static async Task PassAsync(NetworkStream from, NetworkStream to, Func<ReadOnlyMemory<byte>, Task> look)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReadAsync(buffer) is var read && read > 0)
            {
                await look(buffer.AsMemory(0, read));
                await to.WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // One end is gone; the other is closed with it.
        }
    }

    private sealed class Connection
    {
        internal volatile Hold? Held;
    }

    /// <summary>One write that is held back.</summary>
    internal sealed class Hold
    {
        private readonly TaskCompletionSource caught = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<bool> landed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // How PostgreSQL completes an insert, and how it begins an error.
        private static readonly byte[] Done = "INSERT 0 "u8.ToArray();
        private static readonly byte[] Error = "SERROR"u8.ToArray();

        /// <summary>Ends when there is one.</summary>
        public Task Caught => caught.Task;

        /// <summary>Lets it go, or all writes if none was caught.</summary>
        public void Release() => released.TrySetResult();

        /// <summary>Whether the store took the write; ends when it has answered.</summary>
        public Task<bool> Landed => landed.Task;

        internal void Answer(ReadOnlySpan<byte> bytes)
        {
            if (bytes.IndexOf(Done) >= 0)
                landed.TrySetResult(true);
            else if (bytes.IndexOf(Error) >= 0)
                landed.TrySetResult(false);
        }

        internal void Closed() => landed.TrySetResult(false);

        internal Task WaitAsync()
        {
            caught.TrySetResult();
            return released.Task;
        }
    }
}
