using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Scoring.Host.Options;

namespace Scoring.Tests.Host;

/// <summary>Reads the options from a configuration as the service does.</summary>
internal static class CheckedOptions
{
    /// <exception cref="OptionsException">Something is wrong with them.</exception>
    public static ScoringOptions Of(IConfiguration configuration)
    {
        using var services = new ServiceCollection().AddScoringOptions(configuration, null).BuildServiceProvider();
        return services.CheckedOptions();
    }
}
