using Microsoft.Extensions.Options;
using Scoring.Actors.Ledger;
using Scoring.Actors.Sql;
using Scoring.Actors.State;

namespace Scoring.Host.Options;

/// <summary>
/// Makes the options: binds them, lets the caller change them, fills in what is named once for several sections, and has the whole
/// checked. The framework's own factory would check the sections before they are complete.
/// </summary>
/// <param name="setups">Bind them.</param>
/// <param name="checks">Tell what is wrong with them.</param>
/// <param name="adjustment">What the caller changes.</param>
internal sealed class ScoringOptionsFactory(
    IEnumerable<IConfigureOptions<ScoringOptions>> setups,
    IEnumerable<IValidateOptions<ScoringOptions>> checks,
    OptionsAdjustment adjustment) : IOptionsFactory<ScoringOptions>
{
    private ScoringOptions? made;

    /// <summary>Makes the options, once: the check at the start and the node's parts get the same, and what the caller changes need not come out equal twice.</summary>
    /// <param name="name">Not heeded: there is one section.</param>
    /// <exception cref="OptionsValidationException">Something is wrong with them; every error is named.</exception>
    public ScoringOptions Create(string name) => made ??= Make(name);

    private ScoringOptions Make(string name)
    {
        var read = new ScoringOptions();
        foreach (var setup in setups)
            setup.Configure(read);
        var options = Complete(adjustment.Adjust(read));
        List<string> failures = [.. checks.Select(c => c.Validate(name, options)).Where(r => r.Failed).SelectMany(r => r.Failures!)];
        return failures.Count == 0 ? options : throw new OptionsValidationException(name, typeof(ScoringOptions), failures);
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

/// <summary>What a caller changes of the options that were read, before they are checked.</summary>
/// <param name="Adjust">Changes them.</param>
internal sealed record OptionsAdjustment(Func<ScoringOptions, ScoringOptions> Adjust);
