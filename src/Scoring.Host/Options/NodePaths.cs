using Microsoft.Data.Sqlite;
using Scoring.Actors.Ledger;
using Scoring.Actors.Partitions;
using Scoring.Actors.Sql;
using Scoring.Actors.State;

namespace Scoring.Host.Options;

/// <summary>Tells a path that is wrong with the name of the setting that it stands in.</summary>
internal static class NodePaths
{
    /// <summary>Looks whether what a node reads at its start is there, all of it before any of it is read.</summary>
    /// <param name="options">The options.</param>
    /// <exception cref="OptionsException">Something is not.</exception>
    internal static void Check(ScoringOptions options)
    {
        var errors = new List<string>();
        if (!File.Exists(ShippedFiles.Locate(options.Features.Path)))
            errors.Add(Absent("Features", options.Features.Path, "file"));
        if (!Directory.Exists(ShippedFiles.Locate(options.Model.Path)))
            errors.Add(Absent("Model", options.Model.Path, "folder"));
        if (errors.Count > 0)
            throw new OptionsException(errors);
    }

    /// <summary>Opens the ledger.</summary>
    /// <param name="options">Where it is.</param>
    /// <exception cref="OptionsException">Its file can't be opened, made or written, or is of an earlier version.</exception>
    internal static IScoreLedger OpenLedger(LedgerOptions options) => Opening("Ledger", options.Path, () => ScoreLedgers.Open(options));

    /// <summary>Looks whether the snapshot store's file can be one.</summary>
    /// <param name="options">Where it is.</param>
    /// <exception cref="OptionsException">It can't be opened, made or written.</exception>
    internal static void CheckState(StateOptions options) => Opening("State", options.Path, () =>
    {
        PartitionServices.CheckWritable(options);
        return options;
    });

    private static T Opening<T>(string section, string path, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new OptionsException([$"{ScoringOptions.Section}:{section}:Path: '{path}' can't be opened as a database ({e.Message})"]);
        }
        catch (LedgerLayoutException e)
        {
            throw new OptionsException([$"{ScoringOptions.Section}:{section}:Path: {e.Message}"]);
        }
    }

    private static string Absent(string section, string path, string what) => Path.IsPathRooted(path)
        ? $"{ScoringOptions.Section}:{section}:Path: there is no {what} '{path}'"
        : $"{ScoringOptions.Section}:{section}:Path: there is no {what} '{path}', neither in {Environment.CurrentDirectory} nor beside the program in {AppContext.BaseDirectory}";
}
