using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Npgsql;
using Scoring.Actors.Log;
using Scoring.Actors.Sink;
using Scoring.Actors.Source;
using Scoring.Actors.Sql;
using Scoring.Host.Cluster;
using Scoring.Kafka.Settings;
using Scoring.Models.Durations;

namespace Scoring.Host.Options;

/// <summary>Finds what would fail later: values out of their bounds, and values that do not go together.</summary>
internal static class OptionsChecks
{
    private const int MaxPort = ushort.MaxValue;

    /// <summary>Holds each option against its own annotations.</summary>
    /// <param name="options">The options.</param>
    /// <returns>What is wrong, one text each.</returns>
    internal static IEnumerable<string> Bounds(ScoringOptions options) =>
        from property in typeof(ScoringOptions).GetProperties()
        where property.PropertyType.IsClass && property.PropertyType != typeof(string)
        let section = property.GetValue(options)
        from result in Results(section)
            // With the broker inside the process its clients get their address later.
        where !result.MemberNames.Contains(nameof(KafkaOptions.BootstrapServers))
        select Error($"{property.Name}:{string.Join(",", result.MemberNames)}", result.ErrorMessage!);

    /// <summary>Holds the options against each other.</summary>
    /// <param name="options">The options.</param>
    /// <returns>What is wrong, one text each.</returns>
    internal static IEnumerable<string> Together(ScoringOptions options) =>
    [
        .. Brokers(options.Kafka.BootstrapServers),
        .. Names(options.Topics.Resolved(), options.Relay.TransactionTopics),
        .. Database(options.State.Provider, options.State.ConnectionString, "State"),
        .. Database(options.Ledger.Provider ?? SqlProvider.Sqlite, options.Ledger.ConnectionString, "Ledger"),
        .. Files(options),
        .. Addresses(options.Http),
        .. Times(options),
        .. ClusterChecks.Errors(options.Cluster).Select(e => Error($"Cluster:{e.Name}", e.Message)),
    ];

    private static List<ValidationResult> Results(object? section)
    {
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(section!, new ValidationContext(section!), results, validateAllProperties: true);
        return results;
    }

    // As librdkafka reads it: host, host:port or protocol://host:port, separated by commas. Empty is the broker inside.
    private static IEnumerable<string> Brokers(string servers) =>
        from server in servers.Length == 0 ? [] : servers.Split(',')
        let place = server.Trim()
        let address = place[(place.IndexOf("://", StringComparison.Ordinal) is var end && end < 0 ? 0 : end + 3)..]
        let colon = address.EndsWith(']') ? -1 : address.LastIndexOf(':')
        let port = colon < 0 ? "9092" : address[(colon + 1)..]
        where address.Length == 0 || colon == 0 || address.AsSpan().ContainsAny("/ =;") || place.StartsWith("http", StringComparison.OrdinalIgnoreCase)
            || !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > MaxPort
        select Error("Kafka:BootstrapServers", $"'{place}' is no broker's address; host:port is wanted, several separated by commas");

    private static IEnumerable<string> Times(ScoringOptions options)
    {
        var (source, output) = (options.Source, options.Output);
        if (output.DeliveryTimeout <= output.Linger)
            yield return Error("Output:DeliveryTimeout", $"{Text(output.DeliveryTimeout)} is not more than Output:Linger, {Text(output.Linger)}, for which a record waits before it is sent");
        if (options.Ledger.LongestRetryDelay < options.Ledger.RetryDelay)
            yield return Error("Ledger:LongestRetryDelay", $"{Text(options.Ledger.LongestRetryDelay)} is less than Ledger:RetryDelay, {Text(options.Ledger.RetryDelay)}");
        if (output.Guarantee == Guarantee.ExactlyOnce && source.CommitInterval > TransactionSettings.LongestInterval)
            yield return Error("Source:CommitInterval", $"{Text(source.CommitInterval)} is more than {Text(TransactionSettings.LongestInterval)}; with exactly_once a transaction is open so long, and the brokers abort one that is open for {Text(new TransactionSettings().Timeout)}");
    }

    private static IEnumerable<string> Database(SqlProvider provider, string connectionString, string section)
    {
        var name = $"{section}:ConnectionString";
        if (provider == SqlProvider.Postgres && connectionString.Length == 0)
            yield return Error(name, "is missing; with PostgreSQL it says where the server is (Host=…;Username=…;Password=…;Database=…)");
        if (provider == SqlProvider.Sqlite && connectionString.Length > 0)
            yield return Error(name, $"is for PostgreSQL, and {ScoringOptions.Section}:{section}:Provider is {provider}; set Provider to Postgres, or name SQLite's file with Path");
        if (Unreadable(connectionString) is { } why)
            yield return Error(name, why);
    }

    // Members of one machine may share a file; one that each machine has its own of would forget what moves.
    private static IEnumerable<string> Files(ScoringOptions options)
    {
        if (options.Cluster.Discovery == ClusterDiscovery.Alone || !ClusterChecks.IsBeyondThisMachine(options.Cluster))
            yield break;
        if (options.State.Provider == SqlProvider.Sqlite)
            yield return Error("State:Provider", "is Sqlite, a file of one machine, and the members of the cluster may be on several; set Provider to Postgres, or Cluster:Discovery to Alone");
        if ((options.Ledger.Provider ?? SqlProvider.Sqlite) == SqlProvider.Sqlite)
            yield return Error("Ledger:Provider", "is Sqlite, a file of one machine, and the members of the cluster may be on several; set Provider to Postgres, or Cluster:Discovery to Alone");
    }

    private static string? Unreadable(string connectionString)
    {
        try
        {
            _ = new NpgsqlConnectionStringBuilder(connectionString);
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
    }

    // A topic that is read and written would be read without end.
    private static IEnumerable<string> Names(Topics topics, IReadOnlyList<string> relayed)
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
            yield return $"{ScoringOptions.Section}:{string.Join(" and ", same.Select(t => t.Option))} are both '{same.Key}'; each needs a topic of its own";
        foreach (var (option, name) in all.Where(t => !TopicNames.IsValid(t.Name)))
            yield return Error(option, $"'{name}' is no topic's name; at most {TopicNames.MaxChars} ASCII letters, digits, '.', '_' and '-' are wanted");
    }

    private static IEnumerable<string> Addresses(HttpOptions http)
    {
        if (http.AdvertisedUrl.Length > 0 && !(Uri.TryCreate(http.AdvertisedUrl, UriKind.Absolute, out var advertised) && advertised.Scheme is "http" or "https"))
            yield return Error("Http:AdvertisedUrl", $"'{http.AdvertisedUrl}' is no address of a node; http://host:port is wanted");
        foreach (var why in http.Urls.Split(';').Select(Unbindable).OfType<string>())
            yield return Error("Http:Urls", why);
    }

    private static string? Unbindable(string url)
    {
        try
        {
            BindingAddress.Parse(url);
            return null;
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }

    private static string Error(string name, string message) => $"{ScoringOptions.Section}:{name}: {message}";

    private static string Text(TimeSpan duration) => DurationText.Format(duration);
}
