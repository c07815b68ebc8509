using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;
using Scoring.Models.Yaml;

namespace Scoring.Host.Options;

/// <summary>
/// What stands beside the section <see cref="ScoringOptions.Section"/> and somebody took for a setting: sections of the files that
/// nothing reads, variables whose name lacks a separator, levels of logging that do not exist.
/// </summary>
internal static class ForeignSettings
{
    // What the host's own parts read.
    private static readonly string[] Sections = [ScoringOptions.Section, "Logging", "Kestrel", "AllowedHosts", "environment"];

    private static readonly string[] LoggingMembers = ["LogLevel", "Console", "Debug", "EventSource", "EventLog", "OpenTelemetry"];

    /// <summary>Whether something reads what a name says.</summary>
    /// <param name="name">A whole name, with colons.</param>
    internal static bool IsRead(string name) => Sections.Contains(name.Split(':')[0], StringComparer.OrdinalIgnoreCase);

    /// <summary>What to write instead of a name that nothing reads.</summary>
    /// <param name="name">The name.</param>
    internal static string HintFor(string name) =>
        SettingCatalog.Closest(name) is { } closest
            ? $"did you mean --{ScoringOptions.Section}:{closest}=VALUE?"
            : $"a setting is written --{ScoringOptions.Section}:NAME=VALUE";

    /// <summary>Finds them.</summary>
    /// <param name="configuration">The whole configuration.</param>
    /// <returns>What is wrong, one text each.</returns>
    internal static IEnumerable<string> Errors(IConfiguration configuration)
    {
        var providers = configuration is IConfigurationRoot root ? root.Providers.ToList() : [];
        return
        [
            .. providers.OfType<JsonConfigurationProvider>().SelectMany(p => UnreadSections(p, $" (in {Path.GetFileName(p.Source.Path)})")),
            .. providers.OfType<JsonStreamConfigurationProvider>().SelectMany(p => UnreadSections(p, "")),
            .. providers.OfType<EnvironmentVariablesConfigurationProvider>().SelectMany(Misspelt).Distinct(),
            .. Logging(configuration.GetSection("Logging")),
        ];
    }

    private static IEnumerable<string> UnreadSections(IConfigurationProvider file, string origin) =>
        from name in file.GetChildKeys([], null).Distinct(StringComparer.OrdinalIgnoreCase)
        where !IsRead(name)
        select $"{name}{origin}: nothing reads this section; {(ClosestName.Of(name, Sections) is { } closest ? $"did you mean {closest}?" : $"the service's own is {ScoringOptions.Section}")}";

    // Kubernetes makes variables of its own of a service's name (SCORING_PORT), so only a setting's whole name is taken for one.
    private static IEnumerable<string> Misspelt(EnvironmentVariablesConfigurationProvider environment) =>
        from key in KeysOf(environment, null)
        where !IsRead(key)
        from setting in SettingCatalog.All
        where Bare(key) == Bare(ScoringOptions.Section + setting.Name)
        select $"{key.Replace(":", "__", StringComparison.Ordinal)} (in the environment): nothing reads this variable; write {ScoringOptions.Section}__{setting.Name.Replace(":", "__", StringComparison.Ordinal)}";

    private static IEnumerable<string> KeysOf(IConfigurationProvider provider, string? parent)
    {
        foreach (var child in provider.GetChildKeys([], parent).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var key = parent is null ? child : $"{parent}:{child}";
            if (provider.TryGet(key, out _))
                yield return key;
            foreach (var below in KeysOf(provider, key))
                yield return below;
        }
    }

    private static string Bare(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToUpperInvariant();

    private static IEnumerable<string> Logging(IConfigurationSection logging)
    {
        foreach (var member in logging.GetChildren())
        {
            if (!LoggingMembers.Contains(member.Key, StringComparer.OrdinalIgnoreCase))
                yield return $"{member.Path}: nothing reads this setting; in Logging are {string.Join(", ", LoggingMembers)}";
        }

        foreach (var level in Levels(logging).Where(l => l.Value is { Length: > 0 } text && !Enum.TryParse<LogLevel>(text, ignoreCase: true, out _)))
            yield return $"{level.Path}: '{level.Value}' is none of {string.Join(", ", Enum.GetNames<LogLevel>())}";
    }

    private static IEnumerable<IConfigurationSection> Levels(IConfigurationSection logging) =>
        logging.GetSection("LogLevel").GetChildren().Concat(logging.GetChildren().SelectMany(p => p.GetSection("LogLevel").GetChildren()));
}
