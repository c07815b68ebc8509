using System.Diagnostics;
using Scoring.Tests.Features;

namespace Scoring.Tests.Deployment;

/// <summary>Runs the Helm that `./dev test` installs.</summary>
internal static class Helm
{
    public static string Binary { get; } = Path.Combine(Repository.Root, "helm", "node_modules", ".bin", "helm");

    public static string Chart { get; } = Path.Combine(Repository.Root, "helm", "scoring");

    /// <summary>The chart rendered with a file of values.</summary>
    public static string Render(string valuesFile)
    {
        var (status, output, error) = Run("template", "scoring", Chart, "--namespace", "payments", "--values", valuesFile);
        return status == 0 ? output : throw new InvalidOperationException(error);
    }

    /// <summary>What Helm says of values that it refuses.</summary>
    public static string Refusal(params string[] arguments)
    {
        var (status, _, error) = Run(["template", "scoring", Chart, .. arguments]);
        return status != 0 ? error : throw new InvalidOperationException("Helm accepts " + string.Join(' ', arguments));
    }

    public static (int Status, string Output, string Error) Run(params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("scoring-helm");
        try
        {
            var start = new ProcessStartInfo(Binary, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var home in new[] { "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME" })
                start.Environment[home] = folder.FullName;
            using var helm = Process.Start(start)!;
            var error = helm.StandardError.ReadToEndAsync();
            var output = helm.StandardOutput.ReadToEnd();
            helm.WaitForExit();
            return (helm.ExitCode, output, error.GetAwaiter().GetResult());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

/// <summary>A test that needs Helm.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HelmFactAttribute : FactAttribute
{
    public HelmFactAttribute() => Skip = HelmSkip.Reason;
}

/// <summary>A test with cases that needs Helm.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class HelmTheoryAttribute : TheoryAttribute
{
    public HelmTheoryAttribute() => Skip = HelmSkip.Reason;
}

internal static class HelmSkip
{
    public static string? Reason { get; } = File.Exists(Helm.Binary) ? null : "there is no Helm; `./dev test` installs it";
}
