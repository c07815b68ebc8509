using System.Diagnostics;
using System.Globalization;

namespace Scoring.Simulation.Mutations;

/// <summary>
/// Shows that the simulation finds bugs: breaks a copy of the code in one way after the other, builds it, and runs seeds
/// until one fails. A mutation that no seed catches is a failure, and so is one that no longer applies.
/// </summary>
/// <param name="root">The repository's root.</param>
/// <param name="output">Where it tells.</param>
public sealed class MutationRun(string root, TextWriter output)
{
    private const string Project = "tests/Scoring.Simulation";
    private static readonly string[] RootFiles = ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", ".editorconfig", "BannedSymbols.txt"];
    private static readonly string[] Projects = ["src/Scoring.Kafka", "src/Scoring.Models", "src/Scoring.Actors", Project];

    private readonly string copy = Directory.CreateTempSubdirectory("scoring-mutations-").FullName;

    /// <summary>Runs the mutations.</summary>
    /// <param name="mutations">Which.</param>
    /// <param name="seeds">How many seeds each may take.</param>
    /// <returns>How many were not caught.</returns>
    public int Run(IReadOnlyList<Mutation> mutations, int seeds)
    {
        ArgumentNullException.ThrowIfNull(mutations);
        try
        {
            CopySources();
            var missed = mutations.Count(m => !IsCaught(m, seeds));
            output.WriteLine($"{mutations.Count - missed} of {mutations.Count} mutations caught");
            return missed;
        }
        finally
        {
            Directory.Delete(copy, true);
        }
    }

    private bool IsCaught(Mutation mutation, int seeds)
    {
        var path = Path.Combine(copy, mutation.File);
        var whole = File.ReadAllText(path);
        if (mutation.Apply(whole) is not { } broken)
        {
            output.WriteLine($"{mutation.Name}: DOES NOT APPLY: its text does not stand exactly once in {mutation.File}");
            return false;
        }

        File.WriteAllText(path, broken);
        try
        {
            return Try(mutation, seeds);
        }
        finally
        {
            File.WriteAllText(path, whole);
        }
    }

    private bool Try(Mutation mutation, int seeds)
    {
        var (built, log) = Start("dotnet", $"build {Project} -c Release --nologo -v quiet -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false -p:TreatWarningsAsErrors=false -p:UseSharedCompilation=false -nodeReuse:false");
        if (built != 0)
        {
            output.WriteLine($"{mutation.Name}: DOES NOT BUILD\n{log}");
            return false;
        }

        var (status, told) = Start(Path.Combine(copy, Project, "bin", "Release", "net10.0", "scoring-sim"), string.Create(CultureInfo.InvariantCulture, $"--seeds {seeds} --guarantee {mutation.Guarantee}"));
        var failure = told.Split('\n').LastOrDefault(l => l.StartsWith("seed ", StringComparison.Ordinal) && l.Contains(" FAILED: ", StringComparison.Ordinal));
        output.WriteLine(status == 1 && failure is not null ? $"{mutation.Name}: {failure}" : $"{mutation.Name}: NOT CAUGHT by {seeds} seeds (status {status}); expected: {mutation.CaughtBy}\n{(status is 0 or 1 ? "" : told)}");
        return status == 1 && failure is not null;
    }

    private (int Status, string Output) Start(string file, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { WorkingDirectory = copy, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text + errors.GetAwaiter().GetResult());
    }

    private void CopySources()
    {
        foreach (var file in RootFiles)
            File.Copy(Path.Combine(root, file), Path.Combine(copy, file));
        foreach (var project in Projects)
            CopyFolder(project);
    }

    private void CopyFolder(string folder)
    {
        Directory.CreateDirectory(Path.Combine(copy, folder));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(root, folder)))
            File.Copy(file, Path.Combine(copy, folder, Path.GetFileName(file)));
        foreach (var inner in Directory.EnumerateDirectories(Path.Combine(root, folder)).Select(d => Path.GetFileName(d)).Where(n => n is not ("bin" or "obj")))
            CopyFolder(Path.Combine(folder, inner));
    }
}
