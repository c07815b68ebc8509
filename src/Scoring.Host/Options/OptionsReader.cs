using System.ComponentModel.DataAnnotations;
using Scoring.Models.Wire;

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
    /// <exception cref="OptionsException">Something is wrong with them; every error is named.</exception>
    internal static ScoringOptions Read(IConfiguration configuration, Func<ScoringOptions, ScoringOptions>? adjust)
    {
        ScoringOptions options;
        try
        {
            options = configuration.GetSection(ScoringOptions.Section).Get<ScoringOptions>(b => b.ErrorOnUnknownConfiguration = true) ?? new();
        }
        catch (InvalidOperationException e)
        {
            throw new OptionsException([e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message]);
        }

        return Check(Complete(adjust is null ? options : adjust(options)));
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

        Annotations(options.Shards, "Shards", errors);
        Annotations(options.Entities, "Entities", errors);
        Annotations(options.Features, "Features", errors);
        Annotations(options.Model, "Model", errors);
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
            Output = options.Output with { BootstrapServers = options.Kafka.BootstrapServers, Client = Merge(options.Kafka.Client, options.Output.Client) },
        };
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
        Positive(options.Source.CommitInterval, "Source:CommitInterval", errors);
        Positive(options.Source.RevocationTimeout, "Source:RevocationTimeout", errors);
        Positive(options.Source.HeartbeatInterval, "Source:HeartbeatInterval", errors);
        Positive(options.Output.DeliveryTimeout, "Output:DeliveryTimeout", errors);
        Positive(options.Shards.QueueFullDelay, "Shards:QueueFullDelay", errors);
        Positive(options.Shards.TickInterval, "Shards:TickInterval", errors);
        Positive(options.Http.ScoreTimeout, "Http:ScoreTimeout", errors);
        Positive(options.Ledger.Retention, "Ledger:Retention", errors);
        if (options.Source.SessionTimeout < 3 * options.Source.HeartbeatInterval)
            errors.Add($"{ScoringOptions.Section}:Source:SessionTimeout: {options.Source.SessionTimeout} is less than three heartbeats of {options.Source.HeartbeatInterval}; one lost heartbeat would cost the node its partitions");
        if (options.Decode.MaxValueBytes is < 1 or > Transaction.MaxPayloadBytes)
            errors.Add($"{ScoringOptions.Section}:Decode:MaxValueBytes: {options.Decode.MaxValueBytes} is not between 1 and {Transaction.MaxPayloadBytes}");
        if (options.Decode.MaxTextBytes < 1)
            errors.Add($"{ScoringOptions.Section}:Decode:MaxTextBytes: {options.Decode.MaxTextBytes} is less than 1");
        if (options.Decode.MaxTimeAhead < TimeSpan.Zero)
            errors.Add($"{ScoringOptions.Section}:Decode:MaxTimeAhead: {options.Decode.MaxTimeAhead} is negative");
    }

    private static void Positive(TimeSpan value, string name, List<string> errors)
    {
        if (value <= TimeSpan.Zero)
            errors.Add($"{ScoringOptions.Section}:{name}: {value} is not a positive duration");
    }
}
