using System.Reflection;
using Scoring.Models.Yaml;

namespace Scoring.Host.Options;

/// <summary>How a setting is written.</summary>
internal enum SettingShape
{
    /// <summary>One value.</summary>
    Value,

    /// <summary>Values numbered from 0: <c>NAME:0</c>, <c>NAME:1</c>.</summary>
    List,

    /// <summary>Values under names of their own: <c>NAME:KEY</c>.</summary>
    Named,
}

/// <summary>A setting that something reads.</summary>
/// <param name="Name">Its name below the section <see cref="ScoringOptions.Section"/>, with colons.</param>
/// <param name="Shape">How it is written.</param>
/// <param name="Type">What its value is; of a list or of named values, what one of them is.</param>
internal sealed record Setting(string Name, SettingShape Shape, Type Type);

/// <summary>All settings, read off the options' types, so that none can be read and not be known here.</summary>
internal static class SettingCatalog
{
    // Filled from Kafka:BootstrapServers: what stands there itself would be overwritten.
    private static readonly string[] Derived = ["Source:BootstrapServers", "Output:BootstrapServers"];

    private const int LeastAlike = 8;

    private static readonly Type[] ValueTypes = [typeof(string), typeof(bool), typeof(int), typeof(long), typeof(double), typeof(TimeSpan)];

    /// <summary>The settings, in the order of the options.</summary>
    internal static IReadOnlyList<Setting> All { get; } = [.. Of(typeof(ScoringOptions), "")];

    /// <summary>The setting that a name is, or is an element of.</summary>
    /// <param name="name">A name below the section, in any case.</param>
    internal static Setting? Find(string name) => All.FirstOrDefault(s => IsAt(name, s.Name) || (s.Shape != SettingShape.Value && IsBelow(name, s.Name)));

    /// <summary>What stands in a section, one name each; empty if the name is no section's.</summary>
    /// <param name="section">A name below the section <see cref="ScoringOptions.Section"/>, in any case; empty for that itself.</param>
    internal static IReadOnlyList<string> In(string section) =>
        [.. All.Where(s => section.Length == 0 || IsBelow(s.Name, section)).Select(s => s.Name[(section.Length == 0 ? 0 : section.Length + 1)..].Split(':')[0]).Distinct()];

    /// <summary>The setting that was most likely meant.</summary>
    /// <param name="wrong">What was written: with or without the section's name, or the last part of a name alone.</param>
    /// <returns>Its name below the section; null if none is close.</returns>
    internal static string? Closest(string wrong)
    {
        var last = wrong[(wrong.LastIndexOf(':') + 1)..];
        var whole = All.Select(s => $"{ScoringOptions.Section}:{s.Name}");
        return (ClosestName.Of(wrong, whole) ?? ClosestName.Of($"{ScoringOptions.Section}:{wrong}", whole))?[(ScoringOptions.Section.Length + 1)..]
            ?? All.Select(s => s.Name).FirstOrDefault(n => IsAlike(last, n[(n.LastIndexOf(':') + 1)..]));
    }

    // Short words are alike by chance.
    private static bool IsAlike(string word, string name) =>
        word.Equals(name, StringComparison.OrdinalIgnoreCase) || (word.Length >= LeastAlike && ClosestName.Of(word, [name]) is not null);

    private static bool IsAt(string name, string setting) => name.Equals(setting, StringComparison.OrdinalIgnoreCase);

    private static bool IsBelow(string name, string section) => name.StartsWith(section + ":", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<Setting> Of(Type section, string prefix) => section.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(p => p.SetMethod is not null && !Derived.Contains(prefix + p.Name))
        .SelectMany(p => OfProperty(Nullable.GetUnderlyingType(p.PropertyType) ?? p.PropertyType, prefix + p.Name));

    private static IEnumerable<Setting> OfProperty(Type type, string name) =>
        type.IsEnum || ValueTypes.Contains(type) ? [new Setting(name, SettingShape.Value, type)]
        : type == typeof(IReadOnlyList<string>) ? [new Setting(name, SettingShape.List, typeof(string))]
        : type == typeof(IReadOnlyDictionary<string, string>) ? [new Setting(name, SettingShape.Named, typeof(string))]
        : type.Assembly.GetName().Name is { } assembly && (assembly == "scoring" || assembly.StartsWith("Scoring.", StringComparison.Ordinal)) ? Of(type, name + ":")
        : throw new NotSupportedException($"{name}: a setting can't be of type {type}");
}
