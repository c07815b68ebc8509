using Akka.Streams;
using Akka.TestKit;
using Akka.TestKit.Xunit2;

namespace Scoring.Tests.Kafka.Fakes;

/// <summary>
/// An actor system whose streams run on the thread that calls them and whose clock the test turns: what a test does has happened,
/// with all its consequences, when the call returns.
/// </summary>
public sealed class StreamFixture : TestKit
{
    private const string Settings = """
        akka.loglevel = OFF
        akka.stdout-loglevel = OFF
        akka.log-dead-letters = off
        akka.scheduler.implementation = "Akka.TestKit.TestScheduler, Akka.TestKit"
        """;

    public StreamFixture()
        : base(Settings) => Materializer = Sys.Materializer(ActorMaterializerSettings.Create(Sys).WithDispatcher(CallingThreadDispatcher.Id));

    public ActorMaterializer Materializer { get; }

    public void Advance(TimeSpan time) => ((TestScheduler)Sys.Scheduler).Advance(time);
}
