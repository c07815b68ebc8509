using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace Scoring.Host.Options;

/// <summary>
/// Reads the section <see cref="ScoringOptions.Section"/> setting by setting: one that nothing reads, that is empty or that can't be
/// read is an error with its name and what would be right; of the others the text is made what the binder wants.
/// </summary>
internal sealed class SettingReader
{
    // Nothing before a topic's name is what most want there.
    private const string MayBeEmpty = "Topics:Prefix";

    private readonly IConfiguration configuration;
    private readonly Dictionary<string, string?> values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> errors = [];

    private SettingReader(IConfiguration configuration) => this.configuration = configuration;

    /// <summary>Reads the section.</summary>
    /// <param name="configuration">Where it is.</param>
    /// <returns>The settings that could be read, and what is wrong with the others, one text each.</returns>
    internal static (IConfiguration Settings, IReadOnlyList<string> Errors) Read(IConfiguration configuration)
    {
        var reader = new SettingReader(configuration);
        foreach (var (name, text) in configuration.GetSection(ScoringOptions.Section).AsEnumerable(makePathsRelative: true).OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            // Without a text it is a section, or a JSON null, which is as if it were not there.
            if (name.Length > 0 && text is not null)
                reader.Take(name, text);
        }

        return (new ConfigurationBuilder().AddInMemoryCollection(reader.values).Build().GetSection(ScoringOptions.Section), reader.errors);
    }

    private void Take(string name, string text)
    {
        if (SettingCatalog.Find(name) is { } setting)
            Take(setting, name, text);
        else if (SettingCatalog.In(name) is { Count: > 0 } members)
            RefuseSection(name, text, members);
        else
            Error(name, $"nothing reads this setting; {Hint(name)}");
    }

    private void Take(Setting setting, string name, string text)
    {
        var element = name.Length > setting.Name.Length ? name[(setting.Name.Length + 1)..] : "";
        if (setting.Shape != SettingShape.Value && element.Length == 0)
            RefuseWhole(setting, name, text);
        else if (setting.Shape == SettingShape.List && !element.All(char.IsAsciiDigit))
            Error(name, $"'{element}' is no number; the elements of a list are {setting.Name}:0, {setting.Name}:1, …");
        else if (setting.Shape == SettingShape.Named && element.Contains(':', StringComparison.Ordinal))
            Error(name, $"the name is in parts; write it as one, with points, as {ScoringOptions.Section}:{setting.Name}:{element.Replace(':', '.')}");
        else if (setting.Shape != SettingShape.Named && string.IsNullOrWhiteSpace(text) && setting.Name != MayBeEmpty)
            Error(name, setting.Name == BootstrapServers ? EmptyServers : "is empty; write a value, or leave the setting out for its default");
        else if (SettingValue.TryRead(setting.Type, text, out var canonical, out var error))
            values[$"{ScoringOptions.Section}:{name}"] = canonical;
        else
            Error(name, error);
    }

    private const string BootstrapServers = "Kafka:BootstrapServers";

    private const string EmptyServers = "is empty; name the brokers as host:port, or leave the setting out for a broker inside the process, which loses all payments at its exit";

    // JSON's {} and [] come as an empty text.
    private void RefuseWhole(Setting setting, string name, string text)
    {
        if (text.Length > 0)
            Error(name, $"holds several values; write {ScoringOptions.Section}:{setting.Name}:{(setting.Shape == SettingShape.List ? "0" : "NAME")}=VALUE");
    }

    private void RefuseSection(string name, string text, IReadOnlyList<string> members)
    {
        if (text.Length > 0)
            Error(name, $"is a section and has no value of its own; in it are {string.Join(", ", members)}");
    }

    private static string Hint(string name)
    {
        if (SettingCatalog.Closest(name) is { } closest)
            return $"did you mean {ScoringOptions.Section}:{closest}?";
        for (var end = name.LastIndexOf(':'); end > 0; end = name.LastIndexOf(':', end - 1))
        {
            if (SettingCatalog.In(name[..end]) is { Count: > 0 } members)
                return $"in {ScoringOptions.Section}:{name[..end]} are {string.Join(", ", members)}";
        }

        return $"in {ScoringOptions.Section} are {string.Join(", ", SettingCatalog.In(""))}";
    }

    private void Error(string name, string message) => errors.Add($"{ScoringOptions.Section}:{name}{Origin($"{ScoringOptions.Section}:{name}")}: {message}");

    // Where it was set last, which is what holds.
    private string Origin(string key) => (configuration as IConfigurationRoot)?.Providers.LastOrDefault(p => p.TryGet(key, out _)) switch
    {
        CommandLineConfigurationProvider => " (on the command line)",
        EnvironmentVariablesConfigurationProvider => " (in the environment)",
        JsonConfigurationProvider { Source.Path: { } path } => $" (in {Path.GetFileName(path)})",
        _ => "",
    };
}
