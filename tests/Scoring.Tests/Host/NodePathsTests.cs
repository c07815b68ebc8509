using Scoring.Actors.Ledger;
using Scoring.Actors.State;
using Scoring.Host.Options;

namespace Scoring.Tests.Host;

public sealed class NodePathsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("paths").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Each_path_that_leads_nowhere_is_told_with_its_own_setting()
    {
        var options = new ScoringOptions { Features = new() { Path = "no.yaml" }, Model = new() { Path = Path.Combine(folder, "no") } };
        var message = Assert.Throws<OptionsException>(() => NodePaths.Check(options)).Message;
        Assert.Contains("Scoring:Features:Path: there is no file 'no.yaml', neither in", message, StringComparison.Ordinal);
        Assert.Contains($"Scoring:Model:Path: there is no folder '{Path.Combine(folder, "no")}'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_ships_with_the_program_is_there() => NodePaths.Check(new ScoringOptions());

    [Fact]
    public void A_file_that_is_no_database_is_told_with_the_setting_that_names_it()
    {
        var path = Path.Combine(folder, "notes.txt");
        File.WriteAllText(path, new string('x', 4_096));
        Assert.Contains($"Scoring:State:Path: '{path}' can't be opened as a database", State(path), StringComparison.Ordinal);
        Assert.Contains($"Scoring:Ledger:Path: '{path}' can't be opened as a database", Ledger(path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_in_the_place_of_a_file_is_told_with_the_setting_that_names_it()
    {
        Assert.Contains($"Scoring:State:Path: '{folder}'", State(folder), StringComparison.Ordinal);
        Assert.Contains($"Scoring:Ledger:Path: '{folder}'", Ledger(folder), StringComparison.Ordinal);
    }

    private static string Ledger(string path) => Assert.Throws<OptionsException>(() => NodePaths.OpenLedger(new LedgerOptions { Path = path })).Message;

    private static string State(string path) => Assert.Throws<OptionsException>(() => NodePaths.CheckState(new StateOptions { Path = path })).Message;
}
