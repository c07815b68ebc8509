using System.Globalization;

namespace Scoring.Host.Commands;

/// <summary>
/// A command that was to work on transactions and found none that it could take has failed though nothing broke: whoever runs it
/// in a script has to notice, and most likely gave it the wrong map.
/// </summary>
internal static class NothingDone
{
    /// <summary>The exit status.</summary>
    internal const int Status = 1;

    /// <summary>What to say on the error output.</summary>
    /// <param name="command">The command's name.</param>
    /// <param name="rows">Rows that were read.</param>
    /// <param name="taken">Rows that were transactions.</param>
    /// <param name="input">The file; null where the transactions are simulated.</param>
    /// <param name="map">Its map; null where there is none.</param>
    /// <returns>Null if something was done.</returns>
    internal static string? Hint(string command, long rows, long taken, string? input, string? map) => (taken, rows, input) switch
    {
        ( > 0, _, _) => null,
        (_, _, null) => $"{command}: nothing was done: the run had no transaction; let it be longer, or its rate higher",
        (_, 0, _) => $"{command}: nothing was done: {input} has no rows",
        _ => string.Create(CultureInfo.InvariantCulture, $"{command}: nothing was done: none of the {rows:N0} rows of {input} is a transaction; is {map ?? "the map"} the map of this file?"),
    };
}
