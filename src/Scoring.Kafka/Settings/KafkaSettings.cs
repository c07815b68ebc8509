using System.ComponentModel.DataAnnotations;

namespace Scoring.Kafka.Settings;

/// <summary>Where Kafka is.</summary>
public abstract record KafkaSettings
{
    /// <summary>The brokers, as host:port, host:port.</summary>
    [Required]
    public string BootstrapServers { get; init; } = "";

    /// <summary>Further settings of librdkafka, by their own names (security, for one).</summary>
    public IReadOnlyDictionary<string, string> Client { get; init; } = new Dictionary<string, string>();
}

/// <summary>Checks of settings.</summary>
internal static class SettingChecks
{
    /// <summary>Refuses settings that are not possible.</summary>
    /// <param name="settings">The settings.</param>
    /// <exception cref="ArgumentException">Some are not; the message names them all.</exception>
    internal static void ThrowIfInvalid(object settings)
    {
        var errors = new List<ValidationResult>();
        if (!Validator.TryValidateObject(settings, new ValidationContext(settings), errors, validateAllProperties: true))
            throw new ArgumentException($"{settings.GetType().Name}: {string.Join("; ", errors.Select(e => e.ErrorMessage))}", nameof(settings));
    }

    /// <summary>What is wrong with times that must be above zero.</summary>
    /// <param name="times">Each with its name.</param>
    internal static IEnumerable<ValidationResult> Positive(params (string Name, TimeSpan Value)[] times) =>
        times.Where(t => t.Value <= TimeSpan.Zero).Select(t => new ValidationResult($"{t.Name} is {t.Value} and must be above zero", [t.Name]));
}
