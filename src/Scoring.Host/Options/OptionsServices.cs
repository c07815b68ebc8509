using Microsoft.Extensions.Options;

namespace Scoring.Host.Options;

/// <summary>Registers the options and their checks.</summary>
internal static class OptionsServices
{
    /// <summary>Adds the options of the section <see cref="ScoringOptions.Section"/>, checked at the start.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">Where they are.</param>
    /// <param name="adjust">Changes what was read before it is checked; null leaves it.</param>
    /// <param name="found">What is wrong with the configuration as was found already, one text each.</param>
    internal static IServiceCollection AddScoringOptions(
        this IServiceCollection services, IConfiguration configuration, Func<ScoringOptions, ScoringOptions>? adjust, params IReadOnlyList<string> found)
    {
        var (settings, unread) = SettingReader.Read(configuration);
        services.AddOptions<ScoringOptions>().Bind(settings).ValidateOnStart();
        services.AddSingleton<IOptionsFactory<ScoringOptions>, ScoringOptionsFactory>();
        services.AddSingleton(new OptionsAdjustment(adjust ?? (static options => options)));
        services.AddCheck(_ => [.. found, .. ForeignSettings.Errors(configuration), .. unread]);
        services.AddCheck(OptionsChecks.Bounds);
        // Beside a setting that could not be read, whether it fits to the others would be a guess.
        return unread.Count > 0 ? services : services.AddCheck(OptionsChecks.Together);
    }

    /// <summary>The options.</summary>
    /// <param name="services">The services.</param>
    /// <exception cref="OptionsException">Something is wrong with them; every error is named.</exception>
    internal static ScoringOptions CheckedOptions(this IServiceProvider services)
    {
        try
        {
            return services.GetRequiredService<IOptions<ScoringOptions>>().Value;
        }
        catch (OptionsValidationException e)
        {
            throw new OptionsException([.. e.Failures]);
        }
    }

    private static IServiceCollection AddCheck(this IServiceCollection services, Func<ScoringOptions, IEnumerable<string>> errors) =>
        services.AddSingleton<IValidateOptions<ScoringOptions>>(new Check(errors));

    private sealed class Check(Func<ScoringOptions, IEnumerable<string>> errors) : IValidateOptions<ScoringOptions>
    {
        public ValidateOptionsResult Validate(string? name, ScoringOptions options) =>
            errors(options).ToList() is { Count: > 0 } failures ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;
    }
}
