using System.Text;
using Microsoft.Extensions.Configuration;
using Scoring.Host.Options;
using Scoring.Tests.Host;

namespace Scoring.Tests.Deployment;

/// <summary>Reads a deployment's settings as a node reads them at its start.</summary>
internal static class NodeSettings
{
    /// <exception cref="OptionsException">The node would not start.</exception>
    public static ScoringOptions Read(IEnumerable<KeyValuePair<string, string>> environment, string json = "{}")
    {
        var variables = environment.Select(v => KeyValuePair.Create(v.Key.Replace("__", ":", StringComparison.Ordinal), (string?)v.Value));
        using var settings = new MemoryStream(Encoding.UTF8.GetBytes(json));
        return CheckedOptions.Of(new ConfigurationBuilder().AddJsonStream(settings).AddInMemoryCollection(variables).Build());
    }
}
