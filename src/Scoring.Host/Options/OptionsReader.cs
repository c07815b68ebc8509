using System.ComponentModel.DataAnnotations;
using Npgsql;
using Scoring.Actors.Ledger;
using Scoring.Actors.Log;
using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Actors.Sql;
using Scoring.Actors.State;
using Scoring.Models.Wire;

namespace Scoring.Host.Options;

/// <summary>The configuration is wrong. The message names every error.</summary>
/// <param name="errors">The errors, one text each.</param>
public sealed class OptionsException(IReadOnlyList<string> errors)
    : Exception("The configuration is wrong:" + string.Concat(errors.Select(e => "\n  - " + e)));

/// <summary>Reads and checks the options.</summary>
internal static class OptionsReader
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    // Settings whose values are terms that Kafka's users write with underscores: exactly_once, cooperative_sticky.
    private static readonly string[] TermsWithUnderscores = ["Output:Guarantee", "Source:Assignor"];

    /// <summary>Reads the options from configuration.</summary>
    /// <param name="configuration">Where they are.</param>
    /// <param name="adjust">Changes what was read before it is checked; null leaves it.</param>
    /// <exception cref="OptionsException">Something is wrong with them; every error is named.</exception>
    internal static ScoringOptions Read(IConfiguration configuration, Func<ScoringOptions, ScoringOptions>? adjust)
    {
        var section = configuration.GetSection(ScoringOptions.Section);
        foreach (var name in TermsWithUnderscores)
        {
            if (section[name] is { } term)
                section[name] = term.Replace("_", "", StringComparison.Ordinal);
        }

        var options = Bind(section);
        return Check(Complete(adjust is null ? options : adjust(options)));
    }

    private static ScoringOptions Bind(IConfigurationSection section)
    {
        try
        {
            return section.Get<ScoringOptions>(b => b.ErrorOnUnknownConfiguration = true) ?? new();
        }
        catch (InvalidOperationException whole)
        {
            // The binder stops at the first error. Each setting by itself tells its own.
            var errors = section.AsEnumerable().Where(s => s.Value is not null).Select(ErrorOf).OfType<string>().Order(StringComparer.Ordinal).ToList();
            throw new OptionsException(errors.Count > 0 ? errors : [whole.Message]);
        }
    }

    private static string? ErrorOf(KeyValuePair<string, string?> setting)
    {
        try
        {
            new ConfigurationBuilder().AddInMemoryCollection([setting]).Build().GetSection(ScoringOptions.Section).Get<ScoringOptions>(b => b.ErrorOnUnknownConfiguration = true);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return $"{setting.Key}: {(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message)}";
        }
    }

    private static ScoringOptions Check(ScoringOptions options)
    {
        var errors = new List<string>();
        Annotations(options.Kafka, "Kafka", errors);
        Annotations(options.Topics, "Topics", errors);
        if (options.Kafka.BootstrapServers.Length > 0)
        {
            Annotations(options.Source, "Source", errors);
            Annotations(options.Output, "Output", errors);
        }

        Annotations(options.Relay, "Relay", errors);
        Annotations(options.Shards, "Shards", errors);
        Annotations(options.Entities, "Entities", errors);
        Annotations(options.Features, "Features", errors);
        Annotations(options.Model, "Model", errors);
        Annotations(options.State, "State", errors);
        Annotations(options.Ledger, "Ledger", errors);
        Annotations(options.Http, "Http", errors);
        Cross(options, errors);
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

    private static void Annotations(object section, string name, List<string> errors)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(section, new ValidationContext(section), results, validateAllProperties: true);
        errors.AddRange(results.Select(r => $"{ScoringOptions.Section}:{name}:{string.Join(",", r.MemberNames)}: {r.ErrorMessage}"));
    }

    private static void Cross(ScoringOptions options, List<string> errors)
    {
        Between(options.Source.CommitInterval, Millisecond, TimeSpan.FromMinutes(10), "Source:CommitInterval", errors);
        Between(options.Source.RevocationTimeout, Millisecond, TimeSpan.FromMinutes(1), "Source:RevocationTimeout", errors);
        Between(options.Source.ReopenDelay, Millisecond, TimeSpan.FromMinutes(10), "Source:ReopenDelay", errors);
        Between(options.Source.HeartbeatInterval, Millisecond, TimeSpan.FromHours(1), "Source:HeartbeatInterval", errors);
        Between(options.Source.SessionTimeout, Millisecond, TimeSpan.FromHours(1), "Source:SessionTimeout", errors);
        Between(options.Source.FetchWait, TimeSpan.Zero, TimeSpan.FromSeconds(30), "Source:FetchWait", errors);
        Between(options.Relay.CommitInterval, Millisecond, TimeSpan.FromMinutes(10), "Relay:CommitInterval", errors);
        Between(options.Relay.FetchWait, TimeSpan.Zero, TimeSpan.FromSeconds(30), "Relay:FetchWait", errors);
        Between(options.Relay.StopTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(1), "Relay:StopTimeout", errors);
        Between(options.Relay.RetryDelay, Millisecond, TimeSpan.FromHours(1), "Relay:RetryDelay", errors);
        Between(options.Output.Linger, TimeSpan.Zero, TimeSpan.FromMinutes(1), "Output:Linger", errors);
        Between(options.Output.DeliveryTimeout, options.Output.Linger + Millisecond, TimeSpan.FromDays(1), "Output:DeliveryTimeout", errors);
        Between(options.Shards.QueueFullDelay, Millisecond, TimeSpan.FromMinutes(1), "Shards:QueueFullDelay", errors);
        Between(options.Shards.NudgeInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10), "Shards:NudgeInterval", errors);
        Between(options.Shards.FirstStoreRetry, Millisecond, TimeSpan.FromMinutes(10), "Shards:FirstStoreRetry", errors);
        Between(options.Shards.LongestStoreRetry, options.Shards.FirstStoreRetry, TimeSpan.FromHours(1), "Shards:LongestStoreRetry", errors);
        Between(options.Shards.TickInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1), "Shards:TickInterval", errors);
        Between(options.Http.ScoreTimeout, Millisecond, TimeSpan.FromHours(1), "Http:ScoreTimeout", errors);
        Between(options.Ledger.RetryDelay, Millisecond, TimeSpan.FromHours(1), "Ledger:RetryDelay", errors);
        Between(options.Ledger.Retention, Millisecond, TimeSpan.FromDays(36_525), "Ledger:Retention", errors);
        Names(options.Topics.Resolved(), options.Relay.TransactionTopics, errors);
        Between(options.State.CommandTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10), "State:CommandTimeout", errors);
        Between(options.State.CheckpointInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1), "State:CheckpointInterval", errors);
        Between(options.State.ReportInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10), "State:ReportInterval", errors);
        Between(options.Ledger.CommandTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10), "Ledger:CommandTimeout", errors);
        Database(options.State.Provider, options.State.ConnectionString, "State", errors);
        Database(options.Ledger.Provider ?? SqlProvider.Sqlite, options.Ledger.ConnectionString, "Ledger", errors);
        Between(options.Http.ForwardTimeout, Millisecond, TimeSpan.FromMinutes(1), "Http:ForwardTimeout", errors);
        if (options.Http.AdvertisedUrl.Length > 0 && !(Uri.TryCreate(options.Http.AdvertisedUrl, UriKind.Absolute, out var advertised) && advertised.Scheme is "http" or "https"))
            errors.Add($"{ScoringOptions.Section}:Http:AdvertisedUrl: '{options.Http.AdvertisedUrl}' is no address of a node; http://host:port is wanted");
        Addresses(options.Http.Urls, errors);
        if (options.Source.SessionTimeout < 3 * options.Source.HeartbeatInterval)
            errors.Add($"{ScoringOptions.Section}:Source:SessionTimeout: {options.Source.SessionTimeout} is less than three heartbeats of {options.Source.HeartbeatInterval}; one lost heartbeat would cost the node its partitions");
        if (options.Output.Guarantee == Guarantee.ExactlyOnce && options.Source.CommitInterval > KafkaTransactionalClient.LongestInterval)
            errors.Add($"{ScoringOptions.Section}:Source:CommitInterval: {options.Source.CommitInterval} is more than {KafkaTransactionalClient.LongestInterval}; with exactly_once a transaction is open so long, and the brokers abort one that is open for {KafkaTransactionalClient.TransactionTimeout}");
        if (options.Output.Guarantee == Guarantee.ExactlyOnce && options.Source.RevocationTimeout < GroupMember.LeastTransactionalRevocation)
            errors.Add($"{ScoringOptions.Section}:Source:RevocationTimeout: {options.Source.RevocationTimeout} is less than {GroupMember.LeastTransactionalRevocation}; with exactly_once the brokers have half of it for an answer");
        if (options.Decode.MaxValueBytes is < 1 or > Transaction.MaxPayloadBytes)
            errors.Add($"{ScoringOptions.Section}:Decode:MaxValueBytes: {options.Decode.MaxValueBytes} is not between 1 and {Transaction.MaxPayloadBytes}");
        if (options.Decode.MaxTextBytes < 1)
            errors.Add($"{ScoringOptions.Section}:Decode:MaxTextBytes: {options.Decode.MaxTextBytes} is less than 1");
        if (options.Decode.MaxTimeAhead < TimeSpan.Zero)
            errors.Add($"{ScoringOptions.Section}:Decode:MaxTimeAhead: {options.Decode.MaxTimeAhead} is negative");
    }

    private static void Between(TimeSpan value, TimeSpan least, TimeSpan most, string name, List<string> errors)
    {
        if (value < least || value > most)
            errors.Add($"{ScoringOptions.Section}:{name}: {value} is not between {least} and {most}");
    }

    private static void Database(SqlProvider provider, string connectionString, string section, List<string> errors)
    {
        var name = $"{ScoringOptions.Section}:{section}:ConnectionString";
        if (provider == SqlProvider.Postgres && connectionString.Length == 0)
            errors.Add($"{name}: is missing; with PostgreSQL it says where the server is (Host=…;Username=…;Password=…;Database=…)");
        if (provider == SqlProvider.Sqlite && connectionString.Length > 0)
            errors.Add($"{name}: is for PostgreSQL, and {ScoringOptions.Section}:{section}:Provider is {provider}; set Provider to Postgres, or name SQLite's file with Path");
        try
        {
            _ = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException e)
        {
            errors.Add($"{name}: {e.Message}");
        }
    }

    // A topic that is read and written would be read without end.
    private static void Names(Topics topics, IReadOnlyList<string> relayed, List<string> errors)
    {
        (string Option, string Name)[] all =
        [
            ("Topics:Transactions", topics.Transactions),
            ("Topics:Interactions", topics.Interactions),
            ("Topics:Labels", topics.Labels),
            ("Topics:Scores", topics.Scores),
            ("Topics:Sessions", topics.Sessions),
            ("Topics:Late", topics.Late),
            ("Topics:DeadLetters", topics.DeadLetters),
            .. relayed.Select((name, i) => ($"Relay:TransactionTopics:{i}", name)),
        ];
        foreach (var same in all.GroupBy(t => t.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
            errors.Add($"{ScoringOptions.Section}:{string.Join(" and ", same.Select(t => t.Option))} are both '{same.Key}'; each needs a topic of its own");
        foreach (var (option, name) in all.Where(t => !TopicNames.IsValid(t.Name)))
            errors.Add($"{ScoringOptions.Section}:{option}: '{name}' is no topic's name; at most {TopicNames.MaxChars} ASCII letters, digits, '.', '_' and '-' are wanted");
    }

    private static void Addresses(string urls, List<string> errors)
    {
        foreach (var url in urls.Split(';'))
        {
            try
            {
                BindingAddress.Parse(url);
            }
            catch (FormatException e)
            {
                errors.Add($"{ScoringOptions.Section}:Http:Urls: {e.Message}");
            }
        }
    }
}
