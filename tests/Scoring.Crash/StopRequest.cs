using System.Runtime.InteropServices;

namespace Scoring.Crash;

/// <summary>Is made by Ctrl+C, by SIGTERM, and by the end of a time.</summary>
internal sealed class StopRequest : IDisposable
{
    private readonly CancellationTokenSource source;
    private readonly PosixSignalRegistration[] registrations;

    public StopRequest(CancellationToken cancellation)
    {
        source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];
    }

    public CancellationToken Token => source.Token;

    /// <summary>Makes the request when so much time has passed from now on.</summary>
    public void After(TimeSpan duration) => source.CancelAfter(duration);

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        source.Dispose();
    }

    private void Handle(PosixSignalContext signal)
    {
        signal.Cancel = true;
        source.Cancel();
    }
}
