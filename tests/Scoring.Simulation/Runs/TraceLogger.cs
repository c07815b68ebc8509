using Microsoft.Extensions.Logging;
using Scoring.Simulation.Scheduling;

namespace Scoring.Simulation.Runs;

/// <summary>Writes what the service logs into the trace.</summary>
/// <typeparam name="T">What logs.</typeparam>
/// <param name="trace">The trace.</param>
/// <param name="node">Whose it is.</param>
internal sealed class TraceLogger<T>(Trace trace, string node) : ILogger<T>
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        trace.Note($"{node} logs: {formatter(state, exception)}{(exception is null ? "" : $" ({exception.Message})")}");
}
