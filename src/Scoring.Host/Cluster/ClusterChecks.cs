using System.Globalization;
using System.Net;

namespace Scoring.Host.Cluster;

/// <summary>Finds what of the cluster's options does not go together.</summary>
internal static class ClusterChecks
{
    private const int MaxPort = ushort.MaxValue;

    /// <summary>Holds the options against each other.</summary>
    /// <param name="options">The options.</param>
    /// <returns>What is wrong: the setting's name below the section, and what is wrong with it.</returns>
    internal static IEnumerable<(string Name, string Message)> Errors(ClusterOptions options)
    {
        string[] files = [options.CertificatePath, options.CertificateKeyPath, options.CertificateAuthorityPath];
        if (files.Any(f => f.Length > 0) && files.Any(f => f.Length == 0))
            yield return ("CertificatePath", "TLS needs all of CertificatePath, CertificateKeyPath and CertificateAuthorityPath");
        if (files.All(f => f.Length == 0) && !options.AllowPlainRemoting && IsBeyondThisMachine(options))
            yield return ("Hostname", "is more than this machine, and members would talk without TLS; set CertificatePath, CertificateKeyPath and CertificateAuthorityPath, or, where nobody else reaches the network, AllowPlainRemoting");
        if (IPAddress.TryParse(options.PublicHostname.Length > 0 ? options.PublicHostname : options.Hostname, out var told) && (told.Equals(IPAddress.Any) || told.Equals(IPAddress.IPv6Any)))
            yield return ("PublicHostname", "is missing; other members can't reach every address at once");
        if (options.Discovery == ClusterDiscovery.ContactPoints && options.ContactPoints.Count == 0)
            yield return ("ContactPoints", "are missing; with Discovery=ContactPoints they name the members, as host:port");
        if (options.Discovery != ClusterDiscovery.ContactPoints && options.ContactPoints.Count > 0)
            yield return ("ContactPoints", $"are not looked at with Discovery={options.Discovery}; set Discovery to ContactPoints");
        if (options.Discovery == ClusterDiscovery.ContactPoints && options.ContactPoints.Count > 0 && options.ContactPoints.Count < options.RequiredContactPoints)
            yield return ("RequiredContactPoints", $"{options.RequiredContactPoints} members can't be found among {options.ContactPoints.Count}");
        if (options.Discovery != ClusterDiscovery.Alone && options.Port == 0)
            yield return ("Port", "is 0; other members have to know it");
        if (options.Discovery != ClusterDiscovery.Alone && options.ManagementPort == 0)
            yield return ("ManagementPort", "is 0; other members have to know it");
        for (var i = 0; i < options.ContactPoints.Count; i++)
        {
            if (!TryParse(options.ContactPoints[i], out _))
                yield return ($"ContactPoints:{i}", $"'{options.ContactPoints[i]}' is no member's address; host:port is wanted");
        }
    }

    /// <summary>Whether members may be on other machines.</summary>
    /// <param name="options">The options.</param>
    internal static bool IsBeyondThisMachine(ClusterOptions options) =>
        !(IsLoopback(options.Hostname) && IsLoopback(options.PublicHostname.Length > 0 ? options.PublicHostname : options.Hostname));

    /// <summary>Reads a contact point.</summary>
    /// <param name="text">host:port.</param>
    /// <param name="point">Both.</param>
    internal static bool TryParse(string text, out (string Host, int Port) point)
    {
        var colon = text.LastIndexOf(':');
        point = default;
        if (colon <= 0 || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > MaxPort || text.AsSpan().ContainsAny("/ =;,"))
            return false;
        point = (text[..colon], port);
        return true;
    }

    private static bool IsLoopback(string host) => host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
