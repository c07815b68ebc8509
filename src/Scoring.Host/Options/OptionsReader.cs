using Scoring.Actors.Ledger;
using Scoring.Actors.Sql;
using Scoring.Actors.State;

namespace Scoring.Host.Options;

/// <summary>The configuration is wrong. The message names every error.</summary>
/// <param name="errors">The errors, one text each.</param>
public sealed class OptionsException(IReadOnlyList<string> errors)
    : Exception("The configuration is wrong:" + string.Concat(errors.Select(e => "\n  - " + e)));

/// <summary>Reads and checks the options.</summary>
internal static class OptionsReader
{
    /// <summary>Reads the options from configuration.</summary>
    /// <param name="configuration">Where they are.</param>
    /// <param name="adjust">Changes what was read before it is checked; null leaves it.</param>
    /// <param name="found">What is wrong with the configuration as was found already, one text each.</param>
    /// <exception cref="OptionsException">Something is wrong with them; every error is named.</exception>
    internal static ScoringOptions Read(IConfiguration configuration, Func<ScoringOptions, ScoringOptions>? adjust, params IReadOnlyList<string> found)
    {
        var (settings, unread) = SettingReader.Read(configuration);
        var read = settings.Get<ScoringOptions>() ?? new();
        var options = Complete(adjust is null ? read : adjust(read));
        List<string> errors = [.. found, .. ForeignSettings.Errors(configuration), .. unread, .. OptionsChecks.Bounds(options)];
        // Beside a setting that could not be read, whether it fits to the others would be a guess.
        if (unread.Count == 0)
            errors.AddRange(OptionsChecks.Together(options));
        return errors.Count == 0 ? options : throw new OptionsException(errors);
    }

    // The broker is named once; every client's options get it.
    private static ScoringOptions Complete(ScoringOptions options)
    {
        var node = options.NodeId.Length > 0 ? options.NodeId : $"{Environment.MachineName}-{Environment.ProcessId}";
        return options with
        {
            NodeId = node,
            Source = options.Source with { BootstrapServers = options.Kafka.BootstrapServers, Client = Merge(options.Kafka.Client, options.Source.Client) },
            Ledger = WithDatabase(options.Ledger, options.State),
            Output = options.Output with { BootstrapServers = options.Kafka.BootstrapServers, Client = Merge(options.Kafka.Client, options.Output.Client) },
        };
    }

    // The database is named once too.
    private static LedgerOptions WithDatabase(LedgerOptions ledger, StateOptions state)
    {
        var provider = ledger.Provider ?? (ledger.Path.Length > 0 ? SqlProvider.Sqlite : state.Provider);
        var inherits = provider == SqlProvider.Postgres && state.Provider == SqlProvider.Postgres && ledger.ConnectionString.Length == 0;
        return ledger with { Provider = provider, ConnectionString = inherits ? state.ConnectionString : ledger.ConnectionString };
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string> shared, IReadOnlyDictionary<string, string> own)
    {
        var merged = shared.ToDictionary();
        foreach (var (name, value) in own)
            merged[name] = value;
        return merged;
    }
}
