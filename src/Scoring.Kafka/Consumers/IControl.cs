namespace Scoring.Kafka.Consumers;

/// <summary>Stops a source of Kafka's, in the shape of Akka.Streams.Kafka.</summary>
public interface IControl
{
    /// <summary>Ends once the partition has been taken away.</summary>
    Task IsShutdown { get; }

    /// <summary>Ends the source: what it has not handed out is forgotten, and what it has may be committed until <see cref="Shutdown"/>.</summary>
    /// <returns>Ends once the source has.</returns>
    Task Stop();

    /// <summary>Ends the source and takes the partition away: nothing of it is committed any more.</summary>
    /// <returns>Ends once the client has let go of it.</returns>
    Task Shutdown();

    /// <summary>
    /// Ends the source, waits until the stream has finished what is under way, and takes the partition away. The wait is bounded
    /// (<see cref="Settings.ConsumerSettings.DrainTimeout"/>); beyond it the partition goes all the same, and the next owner reads again what did not fit.
    /// </summary>
    /// <param name="streamCompletion">The end of the stream, its commits among it.</param>
    /// <returns>What the stream ended with. Fails with <see cref="TimeoutException"/> where it did not in time, and as the stream did where that failed.</returns>
    /// <typeparam name="T">What it ended with.</typeparam>
    Task<T> DrainAndShutdown<T>(Task<T> streamCompletion);
}

/// <summary>Stops the source of one partition, and tells how it is.</summary>
public interface IPartitionControl : IControl
{
    /// <summary>How the assignment is now. Any thread may ask; it never waits.</summary>
    PartitionState State { get; }
}
