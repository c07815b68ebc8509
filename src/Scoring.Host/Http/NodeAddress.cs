using System.Net;
using Scoring.Host.Options;

namespace Scoring.Host.Http;

/// <summary>Where other nodes reach this one.</summary>
internal static class NodeAddress
{
    /// <summary>
    /// The address that the options name; else the first it listens on, with the machine's name where it listens on every
    /// address. One that only this machine can reach is told as it is: it serves nodes of one machine.
    /// </summary>
    /// <param name="options">What is configured.</param>
    /// <param name="listening">The addresses it listens on.</param>
    /// <param name="machine">The machine's name.</param>
    internal static Uri? Of(HttpOptions options, IEnumerable<string> listening, string machine)
    {
        if (options.AdvertisedUrl.Length > 0)
            return new Uri(options.AdvertisedUrl);
        var first = listening.Select(BindingAddress.Parse).FirstOrDefault(a => !a.IsUnixPipe && !a.IsNamedPipe);
        return first is null ? null : new UriBuilder(first.Scheme, IsEvery(first.Host) ? machine : first.Host, first.Port).Uri;
    }

    private static bool IsEvery(string host) =>
        host is "*" or "+" || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)));
}
