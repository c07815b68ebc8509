using System.Runtime.InteropServices;

namespace Scoring.Producer.Load;

/// <summary>
/// Waits for a timestamp to within about a tenth of a millisecond without spinning: the runtime's own waits
/// end on whole milliseconds, which at 5,000 records a second would send five at a time.
/// </summary>
internal sealed partial class Pacer(TimeProvider time)
{
    private const long CoarseNanos = 3_000_000;
    private readonly bool fine = OperatingSystem.IsLinux();

    /// <summary>Waits until the timestamp; returns at once if it has passed.</summary>
    public void WaitUntil(long timestamp, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var nanos = (long)((timestamp - time.GetTimestamp()) * (1e9 / time.TimestampFrequency));
            if (nanos <= 0)
                return;
            // A long wait must end when the run is cancelled.
            if (nanos > CoarseNanos || !fine)
                cancellation.WaitHandle.WaitOne((int)Math.Clamp((nanos / 1_000_000) - 1, 1, 1_000));
            else
                Sleep(new TimeSpecification { Nanoseconds = (nint)nanos });
        }
    }

    // An interrupted sleep ends early, and the loop above sleeps for the rest.
    private static void Sleep(TimeSpecification duration) => _ = NanoSleep(duration, nint.Zero);

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in TimeSpecification requested, nint remaining);

    private struct TimeSpecification
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
