using Scoring.Models.Wire;
using YamlDotNet.RepresentationModel;

namespace Scoring.Models.Yaml;

/// <summary>The errors of one file, each with its line, so that all of them can be told at once.</summary>
internal sealed class YamlErrors(string sourceName)
{
    private const int MaxErrors = 100;

    private readonly List<(long Line, string Text)> errors = [];

    public int Count => errors.Count;

    public void Add(YamlNode at, string text) => Add(at.Start.Line, text);

    public void Add(long line, string text) => errors.Add((line, MessageLine.Of(text)));

    /// <summary>One message with the errors, in the order of the file: "name:line: what is wrong".</summary>
    public string Message()
    {
        var lines = errors.OrderBy(e => e.Line).Take(MaxErrors).Select(e => $"{sourceName}:{e.Line}: {e.Text}");
        if (errors.Count > MaxErrors)
            lines = lines.Append($"{sourceName}: {errors.Count - MaxErrors} more errors");
        return string.Join('\n', lines);
    }
}
