using System.Diagnostics;

namespace Scoring.Servers;

/// <summary>Keeps the last lines that a process says, and keeps its pipes from filling up.</summary>
internal sealed class ProcessLog
{
    private const int MaxLines = 200;

    private readonly Queue<string> lines = new();

    private readonly Action<string>? onLine;

    /// <param name="process">The process; both its outputs are redirected.</param>
    /// <param name="onLine">Is told each line; null if nobody listens.</param>
    internal ProcessLog(Process process, Action<string>? onLine = null)
    {
        this.onLine = onLine;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    internal string Text
    {
        get
        {
            lock (lines)
                return string.Join('\n', lines);
        }
    }

    private void Add(string? line)
    {
        if (line is null)
            return;
        onLine?.Invoke(line);
        lock (lines)
        {
            lines.Enqueue(line);
            if (lines.Count > MaxLines)
                lines.Dequeue();
        }
    }
}
