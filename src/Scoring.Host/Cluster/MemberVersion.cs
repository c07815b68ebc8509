using System.Text.RegularExpressions;
using Akka.Util;

namespace Scoring.Host.Cluster;

/// <summary>Makes of whatever an image is tagged with a version that members can compare: Akka fails on most tags that are no plain version.</summary>
internal static partial class MemberVersion
{
    /// <summary>The version to tell the other members. Equal texts give equal ones.</summary>
    /// <param name="text">A version or a tag: <c>1.2.3</c>, <c>v1.2.3-rc.1</c>, <c>main-4f2a91c</c>.</param>
    internal static string Of(string text) => Candidates(text).First(IsReadable);

    // As it is; as a version with all behind its number as one word; as one word alone, which is less than any number.
    private static IEnumerable<string> Candidates(string text)
    {
        var version = Leading().Match(text);
        if (version.Success)
        {
            var (number, rest) = (version.Value.TrimStart('v'), text[version.Length..]);
            yield return number + rest;
            yield return rest.Length > 0 ? $"{number}-{Word(rest)}" : number;
        }

        yield return text;
        yield return $"tag-{Word(text)}";
    }

    private static string Word(string text) => NoWord().Replace(text, "-").Trim('-');

    private static bool IsReadable(string version)
    {
        try
        {
            // It is read when it is first compared.
            _ = AppVersion.Create(version).CompareTo(AppVersion.Create("0"));
            return true;
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^v?\d+(\.\d+){0,2}(?![\d.])")]
    private static partial Regex Leading();

    [GeneratedRegex("[^A-Za-z0-9]+")]
    private static partial Regex NoWord();
}
