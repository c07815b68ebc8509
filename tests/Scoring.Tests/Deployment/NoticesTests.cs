using System.Text;
using Scoring.Tests.Features;

namespace Scoring.Tests.Deployment;

/// <summary>Whose work is shipped with the program, and on what terms. `./dev notices` writes the file.</summary>
public class NoticesTests
{
    private const string Introduction = """
        Third-party notices

        The program is shipped with the packages below. Where a package carries files of its own with its licence or the notices
        of what it is made of, they are named; publishing the program puts them, whole, into the folder `notices`.
        `./dev notices` makes this file.


        """;

    private static readonly string Written = Path.Combine(Repository.Root, "THIRD-PARTY-NOTICES");

    [Fact]
    public void The_notices_name_every_package_that_is_shipped_with_its_licence()
    {
        var text = Text(ShippedPackages.Read());
        if (Environment.GetEnvironmentVariable("SCORING_WRITE_NOTICES") == "true")
            File.WriteAllText(Written, text);
        Assert.True(File.ReadAllText(Written) == text, "THIRD-PARTY-NOTICES is not what the restored packages say; run ./dev notices");
    }

    private static string Text(IReadOnlyList<ShippedPackage> packages)
    {
        var text = new StringBuilder(Introduction);
        foreach (var package in packages)
        {
            text.Append($"{package.Name} {package.Version}\n    Licence: {package.Licence}\n    {package.Copyright.Trim()}\n");
            foreach (var file in package.Notices)
                text.Append($"    notices/{package.Name}/{file}\n");
        }

        foreach (var licence in packages.Where(p => p.IsExpression).Select(p => p.Licence).Distinct().Order(StringComparer.Ordinal))
            text.Append($"\n\n{licence}\n\n{Terms(licence)}");
        return text.ToString();
    }

    // The program's own licence is in the file beside the notices; the others are short.
    private static string Terms(string licence) => licence == "Apache-2.0"
        ? "The text is that of this program's own licence, in LICENSE.\n"
        : File.ReadAllText(Path.Combine(Repository.Root, "tests", "Scoring.Tests", "Deployment", "Licences", $"{licence}.txt"));
}
